package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/octet-ml/octet"
	root   = "../.."
)

// document holds the layers, in words and as a table.
const document = "docs/architecture.md"

// layers reads the table of the document.
func layers(t *testing.T) table {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	table, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return table
}

// imports returns, for each package directory below root, the project packages
// that its files import. Tests may import more than the code: they are given
// apart, and only checked for living in a known package.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			nested := path != root && fileExists(filepath.Join(path, "go.mod"))
			if nested || name == "testdata" || path != root && (name[0] == '.' || name[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), ".")
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[pkg] = append(found[pkg], projectImports(f.Imports, t)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestImportsGoDownwards(t *testing.T) {
	rows, found := layers(t), imports(t)
	if len(found) < 3 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(found))
	}
	for pkg, deps := range found {
		own := rows.level(pkg)
		if own < 0 {
			t.Errorf("%s is in no row of %s: add it where its imports allow, with what it owns", called(pkg), document)
			continue
		}
		for _, dep := range deps {
			switch at := rows.level(dep); {
			case at < 0:
				t.Errorf("%s imports %s, which is in no row of %s", called(pkg), called(dep), document)
			case at >= own:
				t.Errorf("%s (%s:%d) imports %s (line %d): imports go only to rows above",
					called(pkg), document, rows[own].line, called(dep), rows[at].line)
			}
		}
	}
}

// A row without a package is one that was left behind.
func TestEveryRowHasPackages(t *testing.T) {
	rows, found := layers(t), imports(t)
	for _, row := range rows {
		for _, p := range row.patterns {
			one := table{{row.line, []string{p}}}
			some := false
			for pkg := range found {
				some = some || one.level(pkg) >= 0
			}
			if !some {
				t.Errorf("%s:%d names %s, which does not exist", document, row.line, called(p))
			}
		}
	}
}

// projectImports keeps the imports of this module, relative to its root.
func projectImports(specs []*ast.ImportSpec, t *testing.T) []string {
	t.Helper()
	var deps []string
	for _, s := range specs {
		path, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if path == module {
			deps = append(deps, "")
		} else if rel, ok := strings.CutPrefix(path, module+"/"); ok {
			deps = append(deps, rel)
		}
	}
	return deps
}
