package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// mostClauses is how many clauses a condition of a test may have. A condition of more says
// something has failed, and not what.
const mostClauses = 5

// longConditions are the lines of a file with conditions of more clauses.
func longConditions(files *token.FileSet, f *ast.File) (lines []int) {
	ast.Inspect(f, func(n ast.Node) bool {
		if n, ok := n.(*ast.IfStmt); ok && clausesOf(n.Cond) > mostClauses {
			lines = append(lines, files.Position(n.Cond.Pos()).Line)
		}
		return true
	})
	return lines
}

// clausesOf counts what && and || join.
func clausesOf(e ast.Expr) int {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return clausesOf(e.X)
	case *ast.UnaryExpr:
		return clausesOf(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.LAND || e.Op == token.LOR {
			return clausesOf(e.X) + clausesOf(e.Y)
		}
	}
	return 1
}

func TestConditionsAreShort(t *testing.T) {
	eachTestFile(t, func(path string, files *token.FileSet, f *ast.File) {
		for _, line := range longConditions(files, f) {
			t.Errorf("%s:%d: a condition of more than %d clauses: split it, so that a failure says which part it is", path, line, mostClauses)
		}
	})
}

func TestLongConditions(t *testing.T) {
	for source, want := range map[string]int{
		"if a || b || c || d || e {}":           0,
		"if a || b || c || d || e || f {}":      1,
		"if a && (b || c) && !(d || e && f) {}": 1,
		"if f(a || b || c || d || e || g) {}":   0,
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "x.go", "package x\nfunc f() {\n"+source+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := longConditions(files, f); len(found) != want {
			t.Errorf("%s: found %v, want %d", source, found, want)
		}
	}
}
