package real32

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"testing"
)

// The generator of the assembly is a module of its own and cannot import this package, so
// it writes the numbers again.
func TestTheGeneratorHasTheSameNumbers(t *testing.T) {
	ours, theirs := numbers(t, "functions.go"), numbers(t, "../kernel/_asm/functions32.go")
	for _, name := range []string{"half", "ln2High", "expTerms", "tanhTerms", "normalTerms"} {
		if len(ours[name]) == 0 {
			t.Errorf("functions.go has no %s: is it called otherwise now?", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if !slices.Equal(ours[name], theirs[name]) {
			t.Errorf("%s is %v here and %v in internal/kernel/_asm/functions32.go", name, ours[name], theirs[name])
		}
	}
	for name := range theirs {
		if ours[name] == nil {
			t.Errorf("internal/kernel/_asm/functions32.go has %s, and functions.go has not", name)
		}
	}
}

// numbers are the constants and tables of a file, as they are written there: signs,
// operators and numbers.
func numbers(t *testing.T, path string) map[string][]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, d := range f.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range group.Specs {
			values, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range values.Names {
				found[name.Name] = written(values.Values[i])
			}
		}
	}
	return found
}

func written(e ast.Expr) (words []string) {
	if table, ok := e.(*ast.CompositeLit); ok {
		for _, element := range table.Elts {
			words = append(words, written(element)...)
		}
		return words
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			words = append(words, n.Value)
		case *ast.UnaryExpr:
			words = append(words, n.Op.String())
		case *ast.BinaryExpr:
			words = append(words, n.Op.String())
		}
		return true
	})
	return words
}
