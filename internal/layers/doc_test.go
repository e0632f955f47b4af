package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mustNot finds the sentence that says what a package is kept free of.
var mustNot = regexp.MustCompile(`must not know|knows (no|neither|nothing)`)

// docError says what is missing in the doc.go of a package, given its source; empty:
// nothing.
func docError(source string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", source, parser.ParseComments)
	if err != nil {
		return err.Error()
	}
	text := strings.Join(strings.Fields(f.Doc.Text()), " ")
	switch {
	case text == "":
		return "has no package comment: it says what the package owns, and what it must not know"
	case len(f.Decls) > 0:
		return "holds code: the package comment alone belongs there"
	case !mustNot.MatchString(text):
		return `does not say what the package "must not know" (or "knows nothing of")`
	}
	return ""
}

func TestEveryPackageHasADoc(t *testing.T) {
	for pkg := range imports(t) {
		if isCommand(t, pkg) {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, pkg, "doc.go"))
		if err != nil {
			t.Errorf("%s has no doc.go: it says what the package owns, and what it must not know", called(pkg))
			continue
		}
		if missing := docError(string(source)); missing != "" {
			t.Errorf("%s %s", filepath.ToSlash(filepath.Join(pkg, "doc.go")), missing)
		}
		for name, f := range clauses(t, pkg) {
			if name != "doc.go" && f.Doc.Text() != "" {
				t.Errorf("%s has a second package comment: the one in doc.go is enough", filepath.ToSlash(filepath.Join(pkg, name)))
			}
		}
	}
}

// A command says what it does in the comment of one of its files.
func TestEveryCommandHasAComment(t *testing.T) {
	for pkg := range imports(t) {
		if !isCommand(t, pkg) {
			continue
		}
		comments := 0
		for _, f := range clauses(t, pkg) {
			if strings.HasPrefix(f.Doc.Text(), "Command "+filepath.Base(pkg)+" ") {
				comments++
			}
		}
		if comments != 1 {
			t.Errorf("%s: %d of its files begin with \"// Command %s …\", want one: it says what the command does",
				called(pkg), comments, filepath.Base(pkg))
		}
	}
}

func isCommand(t *testing.T, pkg string) bool {
	for _, f := range clauses(t, pkg) {
		return f.Name.Name == "main"
	}
	return false
}

// clauses gives the package clauses of a package's files, with their comments.
func clauses(t *testing.T, pkg string) map[string]*ast.File {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*ast.File{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(file)] = f
	}
	return found
}

func TestDocError(t *testing.T) {
	for source, want := range map[string]string{
		"// Package a adds. It must not know\n// files.\npackage a":    "",
		"// Package a adds and knows nothing of files.\npackage a":     "",
		"// Package a adds.\npackage a":                                "must not know",
		"package a":                                                    "no package comment",
		"//go:build x\n\npackage a":                                    "no package comment",
		"// Package a adds. It must not know b.\npackage a\nvar x int": "holds code",
		"package": "expected",
	} {
		if got := docError(source); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want it to say %q", source, got, want)
		}
	}
}
