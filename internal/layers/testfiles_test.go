package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// eachTestFile calls look with every file of tests.
func eachTestFile(t *testing.T, look func(path string, files *token.FileSet, f *ast.File)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") || strings.Contains(filepath.ToSlash(path), "/_asm/") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		look(path, files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
