package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/train"
)

// everyCommand visits the commands that users see.
func everyCommand(visit func(cmd *cobra.Command)) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		visit(cmd)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	root := newRoot(console.New(nil, nil, nil))
	root.InitDefaultVersionFlag()
	walk(root)
}

func TestHelpBeginsWithTheExample(t *testing.T) {
	everyCommand(func(cmd *cobra.Command) {
		if !cmd.HasExample() || cmd.Hidden {
			return
		}
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		out := octetCommand(t, args...).must(t).out
		if !strings.HasPrefix(out, "Examples:\n  octet ") {
			t.Errorf("%v begins with\n%.200s", args, out)
		}
		for line := range strings.Lines(out) {
			if len(line) > 125 {
				t.Errorf("%v: a line of %d letters: %s", args, len(line), line)
			}
		}
	})
}

// Long lists of flags stand below headings, and no flag is left over or lost.
func TestFlagsAreGrouped(t *testing.T) {
	seen := map[string]string{}
	for _, g := range flagGroups {
		for _, name := range g.names {
			if seen[name] != "" {
				t.Errorf("--%s is in two groups: %s, %s", name, seen[name], g.title)
			}
			seen[name] = g.title
		}
	}
	long := 0
	everyCommand(func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		groups := grouped(cmd.LocalNonPersistentFlags())
		shown := map[string]int{}
		for _, g := range groups {
			if g.title == otherFlags {
				g.flags.VisitAll(func(f *pflag.Flag) {
					t.Errorf("%s: --%s is in no group of flaggroups.go", cmd.CommandPath(), f.Name)
				})
			}
			g.flags.VisitAll(func(f *pflag.Flag) { shown[f.Name]++ })
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && shown[f.Name] != 1 {
				t.Errorf("%s shows --%s %d times", cmd.CommandPath(), f.Name, shown[f.Name])
			}
		})
		if len(groups) > 2 {
			long++
		}
	})
	if long < 6 {
		t.Errorf("only %d commands have groups", long)
	}
	help := octetCommand(t, "qat", "--help").must(t).out
	at := 0
	for _, title := range []string{"\nModel:\n", "\nInput:\n", "\nImages:\n", "\nRecipe:\n", "\nTraining:\n", "\nOutput:\n", "\nComputing:\n", "\nOf every command:\n"} {
		i := strings.Index(help[at:], title)
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place:\n%s", title, help)
		}
		at += i
	}
}

func TestWithoutArguments(t *testing.T) {
	out := octetCommand(t).must(t).out
	for _, want := range []string{"\n  octet demo\n", "\n  octet quantize ", "\n  octet run ", "octet --help"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "\n"); n > 15 {
		t.Errorf("%d lines", n)
	}
}

func TestMissingFlagsSayWhatTheyAreFor(t *testing.T) {
	octetCommand(t, "quantize", "m.pth", "-o", "o.pth").fails(t, exit.Usage, "octet: quantize needs --calibration DATA", "100 to 500", "no labels", "octet advise --no-data")
	octetCommand(t, "quantize", "m.pth").fails(t, exit.Usage, "octet: quantize needs --calibration DATA and --output FILE")
	octetCommand(t, "quantize", "m.pth", "--calibration", "x").fails(t, exit.Usage, "octet: quantize needs --output FILE")
	octetCommand(t, "qat", "m.pth").fails(t, exit.Usage, "octet: qat needs --data DATA and --output FILE")
	octetCommand(t, "train", "--arch", "resnet18", "--data", "x").fails(t, exit.Usage, "octet: train needs --output FILE")
	octetCommand(t, "quantize", "m.pth", "--calibration", "x", "-o", "").fails(t, exit.Usage, "octet: quantize needs --output FILE")
	octetCommand(t, "quantize", "m.pth", "--calibration", "", "-o", "o.pth").fails(t, exit.Usage, "octet: quantize needs --calibration DATA")
	octetCommand(t, "qat", "m.pth", "--data=", "--output=").fails(t, exit.Usage, "octet: qat needs --data DATA and --output FILE")
	if r := octetCommand(t, "quantize", "m.pth", "--calibration", "x"); strings.Contains(r.errOut, "100 to 500") {
		t.Errorf("it explains what was given:\n%s", r.errOut)
	}
}

func TestNextIsSaid(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8 := filepath.Join(folder, "my int8.pth")
	args := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "--output", int8}
	next := "next: octet eval '" + int8 + "' DATA"
	if r := octetCommand(t, args...).must(t); strings.Count(r.errOut, "next: ") != 1 || !strings.Contains(r.errOut, next) {
		t.Errorf("not said:\n%s", r.errOut)
	}
	for _, more := range []string{"--quiet", "--json"} {
		if r := octetCommand(t, append(args, more)...).must(t); strings.Contains(r.errOut, "next: ") {
			t.Errorf("said with %s", more)
		}
	}
}

// mentioned is a flag in a text.
var mentioned = regexp.MustCompile("(?:^|[\\s\"'`(,;:/])--([a-z][a-z0-9-]*[a-z0-9])")

// foreign are flags of other programs that texts name.
var foreign = map[string]bool{"decompress": true, "sparse": true}

// A flag that an error, a note, a help text or the documentation names exists.
func TestMentionedFlagsExist(t *testing.T) {
	known := map[string]bool{"help": true}
	everyCommand(func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
	})
	found := 0
	check := func(where, text string) {
		for _, m := range mentioned.FindAllStringSubmatch(text, -1) {
			found++
			if !known[m[1]] && !foreign[m[1]] {
				t.Errorf("%s names --%s, which no command has", where, m[1])
			}
		}
	}
	root := filepath.Join("..", "..")
	rooms, err := filepath.Glob("internal/*")
	if err != nil || len(rooms) == 0 {
		t.Fatalf("%d packages beside the commands, %v", len(rooms), err)
	}
	for _, folder := range append(rooms, ".", root, "../../ptq", "../../internal/qat", "../../train", "../../internal/compare", "../../internal/report", "../../dataset", "../../vision", "../../torch", "../../statedict", "../../zoo", "../../hub", "../../internal/autodiff") {
		texts, err := stringsOf(folder)
		if err != nil {
			t.Fatal(err)
		}
		if len(texts) == 0 {
			t.Errorf("no text in %s: it is not where it was", folder)
		}
		for where, text := range texts {
			check(where, text)
		}
	}
	if found < 300 {
		t.Errorf("only %d mentions were found", found)
	}
}

// stringsOf are the string literals of the Go files of a folder, without tests, by
// their place.
func stringsOf(folder string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	positions := token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, path, nil, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				texts[positions.Position(lit.Pos()).String()] = text
			}
			return true
		})
	}
	return texts, nil
}

var exampleCommand = regexp.MustCompile(`(?m)^\s*(?:\$ )?octet (.*)$`)

// Commands in help and in the documentation have the flags that they use.
func TestExamplesHaveTheirFlags(t *testing.T) {
	checked := 0
	check := func(where, text string) {
		text = strings.ReplaceAll(text, "\\\n", " ")
		for _, m := range exampleCommand.FindAllStringSubmatch(text, -1) {
			line, _, _ := strings.Cut(m[1], " && ")
			line, _, _ = strings.Cut(line, "   ") // a comment may follow
			line, _, _ = strings.Cut(line, " > ")
			root := newRoot(console.New(nil, nil, nil))
			cmd, _, err := root.Find(strings.Fields(line))
			if err != nil || cmd == root {
				continue // a sentence
			}
			cmd.InitDefaultHelpFlag()
			checked++
			for _, f := range mentioned.FindAllStringSubmatch(line, -1) {
				if cmd.Flags().Lookup(f[1]) == nil && root.PersistentFlags().Lookup(f[1]) == nil {
					t.Errorf("%s: octet %s has no flag --%s", where, cmd.Name(), f[1])
				}
			}
		}
	}
	everyCommand(func(cmd *cobra.Command) {
		check(cmd.CommandPath(), cmd.Example)
		check(cmd.CommandPath(), cmd.Long)
	})
	documents, _ := filepath.Glob("../../docs/*.md")
	for _, path := range append(documents, "../../README.md", "../../node/README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check(path, string(text))
	}
	if checked < 60 {
		t.Errorf("only %d commands were found", checked)
	}
}

// The help of a command speaks of its own flags, unless the sentence names another
// command or program.
func TestHelpNamesItsOwnFlags(t *testing.T) {
	everyCommand(func(cmd *cobra.Command) {
		own := func(name string) bool {
			return name == "help" || cmd.Flags().Lookup(name) != nil || cmd.Root().PersistentFlags().Lookup(name) != nil
		}
		if cmd.Hidden || cmd.IsAdditionalHelpTopicCommand() {
			return
		}
		texts := map[string]string{"long": strings.ReplaceAll(cmd.Long, whichRecipe, "")} // that is of quantize
		cmd.Flags().VisitAll(func(f *pflag.Flag) { texts["--"+f.Name] = f.Usage })
		for where, text := range texts {
			for _, m := range mentioned.FindAllStringSubmatchIndex(text, -1) {
				name := text[m[2]:m[3]]
				sentence := text[max(0, strings.LastIndexAny(text[:m[0]], ".;")):m[1]]
				if !own(name) && !strings.Contains(sentence, "octet ") {
					t.Errorf("%s, %s: --%s is no flag of it", cmd.CommandPath(), where, name)
				}
			}
		}
	})
}

func TestPlainMomentum(t *testing.T) {
	for _, plain := range []bool{false, true} {
		f := &trainingFlags{recipe: train.Default(), plain: plain, optimizer: "sgd", schedule: "cosine", augment: "auto", output: filepath.Join(t.TempDir(), "x.pth")}
		if err := f.check(""); err != nil {
			t.Fatal(err)
		}
		if o := f.recipe.Optimizer; o.Nesterov == plain || o.Momentum == 0 {
			t.Errorf("--no-nesterov %v: %+v", plain, o)
		}
	}
}
