package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// protectNumbers keeps negative numbers on the command line of `octet tensor`
// from being read as flags: a leading space makes them plain arguments.
func protectNumbers(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.Name() != "tensor" {
		return args
	}
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = arg
		isValue := i > 0 && takesNextArgument(cmd.Flags(), args[i-1])
		if strings.HasPrefix(arg, "-") && !isValue {
			if _, err := parseNumbers([]string{arg}); err == nil {
				out[i] = " " + arg
			}
		}
	}
	return out
}

// takesNextArgument reports whether arg is a flag whose value is the next one.
func takesNextArgument(flags *pflag.FlagSet, arg string) bool {
	name, isFlag := strings.CutPrefix(arg, "--")
	if !isFlag || strings.Contains(name, "=") {
		return false
	}
	f := flags.Lookup(name)
	return f != nil && f.NoOptDefVal == ""
}

// parseNumbers reads numbers separated by arguments, commas or white space.
func parseNumbers(args []string) ([]float32, error) {
	var out []float32
	for _, arg := range args {
		for _, field := range strings.FieldsFunc(arg, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
			v, err := strconv.ParseFloat(field, 32)
			if err != nil {
				return nil, err
			}
			out = append(out, float32(v))
		}
	}
	return out, nil
}
