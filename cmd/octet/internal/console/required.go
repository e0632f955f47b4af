package console

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// reason is the annotation of a required flag with the text for its absence.
const reason = "octet_reason"

// Require demands a flag; why may be empty.
func Require(cmd *cobra.Command, flag, why string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag does not exist
	}
	if why != "" {
		cmd.Flags().SetAnnotation(flag, reason, []string{why})
	}
}

// Waive makes a required flag optional, where the arguments make it needless.
func Waive(cmd *cobra.Command, flag string) {
	cmd.Flags().SetAnnotation(flag, cobra.BashCompOneRequiredFlag, []string{"false"})
}

// commandName is a command as its errors call it.
func commandName(cmd *cobra.Command) string { return strings.TrimPrefix(cmd.CommandPath(), "octet ") }

// CheckFlags refuses flags that contradict or lack another, and names all that are missing, with
// what they take. An empty value is none: it is what an unset variable of the shell leaves.
func CheckFlags(cmd *cobra.Command, _ []string) error {
	if err := checkPairs(cmd); err != nil {
		return err
	}
	var missing, why []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && !blank(f.Value) || !slices.Contains(f.Annotations[cobra.BashCompOneRequiredFlag], "true") {
			return
		}
		value, _ := pflag.UnquoteUsage(f)
		missing = append(missing, fmt.Sprintf("--%s %s", f.Name, value))
		why = append(why, f.Annotations[reason]...)
	})
	if len(missing) == 0 {
		return nil
	}
	return exit.Usagef("%s needs %s", commandName(cmd), strings.Join(append([]string{strings.Join(missing, " and ")}, why...), "\n"))
}

// SetUsageArgs makes a wrong number of arguments name the command and show how it is
// called.
func SetUsageArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		SetUsageArgs(sub)
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return wrongArgs(cmd, args, err)
			}
			return nil
		}
	}
}

// wrongArgs is the error for arguments of a wrong number: with an example where there
// are none.
func wrongArgs(cmd *cobra.Command, args []string, err error) error {
	example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	if len(args) > 0 || example == "" {
		return exit.Usagef("%w; usage: %s", err, cmd.UseLine())
	}
	_, takes, _ := strings.Cut(cmd.Use, " ")
	takes, _, _ = strings.Cut(takes, " --")
	return exit.Usagef("%s needs %s, for example:\n%s", commandName(cmd), takes, strings.TrimSpace(example))
}

// blank reports whether a flag was given nothing, or a list of nothings.
func blank(v pflag.Value) bool {
	list, ok := v.(pflag.SliceValue)
	if !ok {
		return v.String() == ""
	}
	return !slices.ContainsFunc(list.GetSlice(), func(s string) bool { return s != "" })
}
