package console

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/spelling"
)

// SuggestFlag adds the flag that an unknown one may have meant.
func SuggestFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	see := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(see)
	cmd.InheritedFlags().VisitAll(see)
	if near := spelling.Near(unknown.GetSpecifiedName(), names); near != "" {
		return exit.Usagef("%w: did you mean --%s?", err, near)
	}
	return exit.Usagef("%w of octet %s", err, strings.TrimPrefix(cmd.CommandPath(), "octet "))
}

// suggestValues adds to an error of usage what mistyped values of flags may have meant.
func suggestValues(cmd *cobra.Command, err error) error {
	var marked *exit.Error
	if !errors.As(err, &marked) || marked.Code != exit.Usage {
		return err
	}
	var meant []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := f.Annotations[completions]
		for _, value := range given(f) {
			if near := spelling.Near(value, values); near != "" && near != value {
				meant = append(meant, "--"+f.Name+" "+near)
			}
		}
	})
	if len(meant) == 0 {
		return err
	}
	return fmt.Errorf("%w\ndid you mean %s?", err, strings.Join(meant, " "))
}

// given are the values of a flag as they were typed.
func given(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return strings.Split(f.Value.String(), ",")
}
