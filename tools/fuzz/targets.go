package main

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A target is a fuzz test.
type target struct {
	folder string // of its package, from the root, with slashes
	name   string
}

func (t target) String() string { return path.Join(t.folder, t.name) }

// corpus is the folder of the seeds that are committed.
func (t target) corpus() string { return filepath.Join(t.folder, "testdata", "fuzz", t.name) }

// targets finds the fuzz tests of the module at root, in a fixed order. It reads the
// sources, since asking `go test -list` would build every test.
func targets(root string) ([]target, error) {
	var found []target
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(file, "go.mod"))
			nested := err == nil
			passed := name == "testdata" || name == "node_modules" || name[0] == '.' || name[0] == '_'
			if file != root && (nested || passed) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Fuzz") {
				found = append(found, target{filepath.ToSlash(folder), fn.Name.Name})
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b target) int {
		return cmp.Or(strings.Compare(a.folder, b.folder), strings.Compare(a.name, b.name))
	})
	return found, err
}
