package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is how long the lines of flags are.
const helpWidth = 110

// newcomer is what octet without arguments prints.
const newcomer = `octet makes INT8 models of PyTorch vision models and runs them, without Python.

  octet demo
      shows float and int8 side by side on a small network that is embedded here
  octet quantize model.pth --arch resnet18 --calibration photos/ --output int8.pth
      makes an int8 model of a checkpoint, with some hundred typical images
  octet run int8.pth cat.jpg
      runs a model, float or int8

octet --help lists all commands; octet COMMAND --help begins with examples.
`

// help prints the help of a command: how it is used first, then what it does, then
// its flags.
func help(w io.Writer, cmd *cobra.Command) {
	if cmd.HasExample() {
		fmt.Fprintf(w, "Examples:\n%s\n\n", strings.Trim(cmd.Example, "\n"))
	}
	if !cmd.IsAdditionalHelpTopicCommand() {
		fmt.Fprintf(w, "Usage:\n")
		if cmd.HasAvailableSubCommands() {
			fmt.Fprintf(w, "  %s COMMAND\n\n", cmd.CommandPath())
		} else {
			fmt.Fprintf(w, "  %s\n\n", cmd.UseLine())
		}
	}
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintln(w, strings.TrimRight(text, "\n"))
	helpOfCommands(w, cmd)
	if cmd.IsAdditionalHelpTopicCommand() {
		return
	}
	for _, g := range grouped(cmd.LocalNonPersistentFlags()) {
		if text := g.flags.FlagUsagesWrapped(helpWidth); text != "" {
			fmt.Fprintf(w, "\n%s:\n%s", g.title, text)
		}
	}
	fmt.Fprintf(w, "\nOf every command:\n%s", cmd.Root().PersistentFlags().FlagUsagesWrapped(helpWidth))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s COMMAND --help says more about a command.\n", cmd.CommandPath())
	}
}

func helpOfCommands(w io.Writer, cmd *cobra.Command) {
	var commands, topics strings.Builder
	for _, sub := range cmd.Commands() {
		switch {
		case sub.IsAdditionalHelpTopicCommand():
			fmt.Fprintf(&topics, "  %-18s %s\n", sub.CommandPath(), sub.Short)
		case sub.IsAvailableCommand() || sub.Name() == "help":
			fmt.Fprintf(&commands, "  %-13s %s\n", sub.Name(), sub.Short)
		}
	}
	for _, part := range []struct{ title, text string }{{"Commands", commands.String()}, {"Topics", topics.String()}} {
		if part.text != "" {
			fmt.Fprintf(w, "\n%s:\n%s", part.title, part.text)
		}
	}
}
