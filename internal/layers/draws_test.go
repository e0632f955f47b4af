package layers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// mapDraws finds the loops over a map that use a source of random numbers from outside of
// the loop: the order of a map differs from run to run, and with it what a seed draws.
// It knows maps that the file writes down, and sources by how they are made.
func mapDraws(files *token.FileSet, f *ast.File) (found []string) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		maps, sources := named(f, isMap), append(named(fn, isSource), sourceParams(fn.Type)...)
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			loop, ok := n.(*ast.RangeStmt)
			if !ok {
				return true
			}
			over, isName := loop.X.(*ast.Ident)
			if !isMap(loop.X) && !(isName && slices.Contains(maps, over.Name)) {
				return true
			}
			own := named(loop.Body, isSource)
			ast.Inspect(loop.Body, func(n ast.Node) bool {
				name, ok := n.(*ast.Ident)
				if ok && slices.Contains(sources, name.Name) && !slices.Contains(own, name.Name) {
					found = append(found, fmt.Sprintf("line %d: %s", files.Position(name.Pos()).Line, name.Name))
					return false
				}
				return true
			})
			return true
		})
	}
	return found
}

// named are the names under n that are set to an expression that is says yes to.
func named(n ast.Node, is func(ast.Expr) bool) (names []string) {
	set := func(left ast.Expr, right ast.Expr) {
		if name, ok := left.(*ast.Ident); ok && is(right) {
			names = append(names, name.Name)
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				set(n.Lhs[i], right)
			}
		case *ast.ValueSpec:
			for i, right := range n.Values {
				set(n.Names[i], right)
			}
		}
		return true
	})
	return names
}

// isMap says whether e is a map that is written down.
func isMap(e ast.Expr) bool {
	literal, ok := e.(*ast.CompositeLit)
	if !ok {
		return false
	}
	_, ok = literal.Type.(*ast.MapType)
	return ok
}

// isSource says whether e makes a source of random numbers.
func isSource(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := fun.X.(*ast.Ident)
	return ok && (pkg.Name == "testseed" && fun.Sel.Name == "Rand" || pkg.Name == "rand" && fun.Sel.Name == "New")
}

// sourceParams are the parameters that are sources of random numbers.
func sourceParams(fn *ast.FuncType) (names []string) {
	for _, p := range fn.Params.List {
		pointer, ok := p.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		if of, ok := pointer.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Rand" {
			for _, name := range p.Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

func TestDrawsDoNotDependOnTheOrderOfMaps(t *testing.T) {
	eachTestFile(t, func(path string, files *token.FileSet, f *ast.File) {
		for _, d := range mapDraws(files, f) {
			t.Errorf("%s: %s draws in a loop over a map, so a seed does not bring a failure back: loop over slices.Sorted(maps.Keys(m))", path, d)
		}
	})
}

func TestMapDraws(t *testing.T) {
	for source, want := range map[string]int{
		"r := rand.New(s); for range map[int]int{} { r.Int() }":                              1,
		"r := testseed.Rand(t); m := map[int]int{}; for range m { f(func() { g(r) }) }":      1,
		"r := testseed.Rand(t); for range map[int]int{} { r := testseed.Rand(t); r.Int() }":  0,
		"r := testseed.Rand(t); m := map[int]int{}; for range slices.Sorted(m) { r.Int() }":  0,
		"r := testseed.Rand(t); for range []int{1} { r.Int() }; for range map[int]int{} { }": 0,
		"for range map[int]int{} { seeded.Int() }":                                           1,
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "x.go", "package x\nfunc f(t *testing.T, seeded *rand.Rand) {\n"+source+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := mapDraws(files, f); len(found) != want {
			t.Errorf("%s: found %q, want %d", source, found, want)
		}
	}
}
