package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sharedFlags are the places of flags that several commands have, in CONTRIBUTING.
var sharedFlags = []string{"internal/inputs/*.go", "trainflags.go", "internal/measure/workload.go"}

// registered are the names of the flags that the files of a pattern register.
func registered(t *testing.T, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.FromSlash(pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files %s, %v", len(files), pattern, err)
	}
	names := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasSuffix(strings.TrimSuffix(method.Sel.Name, "P"), "Var") {
				return true
			}
			if name, ok := call.Args[1].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(name.Value)
				names[text] = true
			}
			return true
		})
	}
	return names
}

// TestFlagsAreWhereTheRuleSays: a flag is registered in the file of its command, or
// in one of the places of shared flags.
func TestFlagsAreWhereTheRuleSays(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	shared := map[string]bool{}
	for _, pattern := range sharedFlags {
		if place := "`cmd/octet/" + strings.TrimSuffix(pattern, "*.go") + "`"; !strings.Contains(string(text), place) {
			t.Errorf("CONTRIBUTING.md does not name %s", place)
		}
		for name := range registered(t, pattern) {
			shared[name] = true
		}
	}
	checked := 0
	everyCommand(func(cmd *cobra.Command) {
		words := strings.Fields(cmd.CommandPath())
		if len(words) < 2 || words[1] == "completion" { // octet's own are of every command, completion's are cobra's
			return
		}
		file := strings.ReplaceAll(words[1], "-", "") + ".go" // of `octet zoo pull`: zoo.go
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			if checked++; !shared[f.Name] && !registered(t, file)[f.Name] {
				t.Errorf("%s --%s is registered neither in %s nor in %v", cmd.CommandPath(), f.Name, file, sharedFlags)
			}
		})
	})
	if checked < 100 {
		t.Errorf("only %d flags were found", checked)
	}
}
