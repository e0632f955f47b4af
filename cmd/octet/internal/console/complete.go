package console

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completions is the annotation of a flag with its values.
const completions = "octet_completions"

// Complete offers fixed values for a flag in shell completion.
func Complete(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.Flags().SetAnnotation(flag, completions, values); err != nil {
		panic(err) // the flag does not exist
	}
}

// RegisterCompletions tells cobra the values of all flags. cobra keeps what it
// is told as long as the process lives, so this is only for the command line,
// not for commands that a client asks for.
func RegisterCompletions(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if values, ok := f.Annotations[completions]; ok {
			cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	})
	for _, sub := range cmd.Commands() {
		RegisterCompletions(sub)
	}
}

// CompleteFiles offers files of the given extensions for the first argument
// and any file for the others.
func CompleteFiles(extensions ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return extensions, cobra.ShellCompDirectiveFilterFileExt
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}
