package layers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strconv"
	"testing"
)

// tolerant are helpers of tests whose last argument is how far numbers may lie apart.
var tolerant = []string{"near", "within", "compare"}

// bareBounds finds the numbers below a tenth that a file compares with: a bound has a
// name, and a comment that says why it is that large.
func bareBounds(files *token.FileSet, f *ast.File) (found []string) {
	report := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr, *ast.CompositeLit, *ast.FuncLit, *ast.IndexExpr:
				return false
			case *ast.BasicLit:
				if v, err := strconv.ParseFloat(n.Value, 64); n.Kind == token.FLOAT && err == nil && v != 0 && math.Abs(v) < 0.1 {
					found = append(found, fmt.Sprintf("line %d: %s", files.Position(n.Pos()).Line, n.Value))
				}
			}
			return true
		})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if slices.Contains([]token.Token{token.LSS, token.GTR, token.LEQ, token.GEQ}, n.Op) {
				report(n.X)
				report(n.Y)
			}
		case *ast.CallExpr:
			name, ok := n.Fun.(*ast.Ident)
			if ok && len(n.Args) > 2 && slices.Contains(tolerant, name.Name) {
				report(n.Args[len(n.Args)-1])
			}
		}
		return true
	})
	return found
}

func TestBoundsHaveNames(t *testing.T) {
	eachTestFile(t, func(path string, files *token.FileSet, f *ast.File) {
		for _, b := range bareBounds(files, f) {
			t.Errorf("%s: %s has no name: give it one, with the reason for its size", path, b)
		}
	})
}

func TestBareBounds(t *testing.T) {
	for source, want := range map[string]int{
		"if d > 1e-5 {}":                             1,
		"if d > 1e-5*max(1, x) {}":                   1,
		"if !(-0.05 < d && d <= (bound)) {}":         1,
		"near(t, a, b, 0.01)":                        1,
		"near(a, b)":                                 0,
		"const bound = 1e-5; if d > bound {}":        0,
		"if d > 0.5 || d == 1e-5 {}":                 0,
		"if f(0.01) < 3 || []int{1e-3}[0] < x {}":    0,
		"if d > 0.05*size || e < 2e-3 || f > 1e3 {}": 2,
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "x.go", "package x\nfunc f() {\n"+source+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := bareBounds(files, f); len(found) != want {
			t.Errorf("%s: found %q, want %d", source, found, want)
		}
	}
}
