package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// reason is the annotation of a required flag with what to say where it is missing.
const reason = "octet_reason"

// require demands a flag; why may be empty.
func require(cmd *cobra.Command, flag, why string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag does not exist
	}
	if why != "" {
		cmd.Flags().SetAnnotation(flag, reason, []string{why})
	}
}

// checkRequired names all flags that are missing, with what they take.
func checkRequired(cmd *cobra.Command, _ []string) error {
	var missing, why []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || !slices.Contains(f.Annotations[cobra.BashCompOneRequiredFlag], "true") {
			return
		}
		value, _ := pflag.UnquoteUsage(f)
		missing = append(missing, fmt.Sprintf("--%s %s", f.Name, value))
		why = append(why, f.Annotations[reason]...)
	})
	if len(missing) == 0 {
		return nil
	}
	return usageError("%s needs %s", strings.TrimPrefix(cmd.CommandPath(), "octet "), strings.Join(append([]string{strings.Join(missing, " and ")}, why...), "\n"))
}

// setUsageArgs makes a wrong number of arguments name the command.
func setUsageArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		setUsageArgs(sub)
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError("%w; usage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
}
