package console

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// Annotations of a flag with those that contradict it, and those that it needs.
const (
	excludes = "octet_excludes"
	needs    = "octet_needs"
)

// Exclusive refuses two flags together.
func Exclusive(cmd *cobra.Command, one, other string) {
	cmd.MarkFlagsMutuallyExclusive(one, other) // completion leaves the other out
	annotate(cmd, one, excludes, other)
}

// Together refuses one of two flags without the other.
func Together(cmd *cobra.Command, one, other string) {
	cmd.MarkFlagsRequiredTogether(one, other) // completion asks for the other
	annotate(cmd, one, needs, other)
	annotate(cmd, other, needs, one)
}

func annotate(cmd *cobra.Command, flag, key, other string) {
	f := cmd.Flags().Lookup(flag)
	cmd.Flags().SetAnnotation(flag, key, append(f.Annotations[key], other))
}

// checkPairs names two flags of which only one, or only both, may be given.
func checkPairs(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, other := range f.Annotations[excludes] {
			if err == nil && cmd.Flags().Changed(other) {
				err = exit.Usagef("%s: --%s and --%s contradict each other: give one of them", commandName(cmd), f.Name, other)
			}
		}
		for _, other := range f.Annotations[needs] {
			if err == nil && !cmd.Flags().Changed(other) {
				err = exit.Usagef("%s: --%s needs --%s: give both, or none", commandName(cmd), f.Name, other)
			}
		}
	})
	return err
}
