package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/atomicfile"
)

// newManCommand writes the man pages of a release; tools/release calls it.
func newManCommand(c *console.Console) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the man pages into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return exit.WithCode(exit.Output, err)
			}
			pages := 0
			for _, page := range withPages(cmd.Root()) {
				path := filepath.Join(args[0], manName(page)+".1")
				if err := atomicfile.Write(path, func(w io.Writer) error { return manPage(w, page) }); err != nil {
					return exit.WithCode(exit.Output, err)
				}
				pages++
			}
			return c.Result(map[string]int{"pages": pages}, func(w io.Writer) { fmt.Fprintf(w, "%d pages in %s\n", pages, args[0]) })
		}),
	}
}

// withPages lists the commands and topics that users see.
func withPages(cmd *cobra.Command) []*cobra.Command {
	if cmd.Hidden || cmd.Name() == "help" {
		return nil
	}
	pages := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		pages = append(pages, withPages(sub)...)
	}
	return pages
}

// manName is octet-zoo-pull of octet zoo pull.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// roffLetters escapes the characters that have a meaning in roff.
var roffLetters = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`")

// roff escapes text so that it is shown as it is.
func roff(text string) string {
	lines := strings.Split(roffLetters.Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// manPage writes a page as help has it: lines and columns of its texts stay.
func manPage(w io.Writer, cmd *cobra.Command) error {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(title)) }
	asItStands := func(text string) { fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(strings.Trim(text, "\n"))) }
	fmt.Fprintf(&b, ".TH \"%s\" \"1\" \"\" \"octet %s\" \"octet\"\n.nh\n.ad l\n", roff(strings.ToUpper(manName(cmd))), roff(version()))
	section("name")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	if cmd.Runnable() {
		section("synopsis")
		asItStands(cmd.UseLine())
	}
	if cmd.HasExample() {
		section("examples")
		asItStands(cmd.Example)
	}
	section("description")
	if cmd.Long != "" {
		asItStands(cmd.Long)
	} else {
		fmt.Fprintln(&b, roff(cmd.Short)+".")
	}
	if !cmd.IsAdditionalHelpTopicCommand() {
		cmd.InitDefaultHelpFlag()
		section("options")
		for _, g := range append(grouped(cmd.LocalNonPersistentFlags()), flagSet{"Of every command", cmd.Root().PersistentFlags()}) {
			fmt.Fprintf(&b, ".SS %s\n", roff(g.title))
			g.flags.VisitAll(func(f *pflag.Flag) { manFlag(&b, f) })
		}
	}
	var others []string
	if cmd.HasParent() {
		others = append(others, manName(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if len(withPages(sub)) > 0 {
			others = append(others, manName(sub))
		}
	}
	if len(others) > 0 {
		section("see also")
		for i, name := range others {
			comma := ","
			if i == len(others)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(name), comma)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func manFlag(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	fmt.Fprintf(b, ".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
	}
	fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	switch f.DefValue {
	case "", "0", "false", "[]", "0s":
	default:
		usage += " (default " + f.DefValue + ")"
	}
	fmt.Fprintf(b, "\n%s\n", roff(usage))
}
