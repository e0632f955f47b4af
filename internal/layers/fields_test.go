package layers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// undocumented lists the exported fields, methods of interfaces, constants and variables of a
// file about which no comment says anything. A field or method has a comment above it or behind
// it, or it is named in one of its type: above the type or above another field. An embedded
// type has its own comment. A value has a comment of its own, or its group has one.
func undocumented(files *token.FileSet, f *ast.File) (found []string) {
	report := func(name *ast.Ident, what string) {
		found = append(found, fmt.Sprintf("%d: %s%s", files.Position(name.Pos()).Line, what, name.Name))
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if !s.Name.IsExported() {
					continue
				}
				var fields []*ast.Field
				switch t := s.Type.(type) {
				case *ast.StructType:
					fields = t.Fields.List
				case *ast.InterfaceType:
					fields = t.Methods.List
				}
				for _, name := range silentFields(g.Doc.Text()+s.Doc.Text(), s.Comment.Text(), fields) {
					report(name, s.Name.Name+".")
				}
			case *ast.ValueSpec:
				if g.Doc.Text()+s.Doc.Text()+s.Comment.Text() != "" {
					continue
				}
				for _, name := range s.Names {
					if name.IsExported() {
						report(name, "")
					}
				}
			}
		}
	}
	return found
}

// silentFields are the exported fields without a comment, given those above their struct and
// behind its only line.
func silentFields(comments, behind string, fields []*ast.Field) (silent []*ast.Ident) {
	if behind != "" {
		return nil
	}
	for _, field := range fields {
		comments += " " + field.Doc.Text() + " " + field.Comment.Text()
	}
	for _, field := range fields {
		if field.Doc.Text()+field.Comment.Text() != "" {
			continue
		}
		for _, name := range field.Names {
			if name.IsExported() && !regexp.MustCompile(`\b`+name.Name+`\b`).MatchString(comments) {
				silent = append(silent, name)
			}
		}
	}
	return silent
}

// Whoever reads the documentation of a package sees fields and constants one by one: what
// their names and types do not say (shape, unit, range, what the zero value means) has to
// stand there.
func TestFieldsHaveComments(t *testing.T) {
	read := 0
	for pkg := range imports(t) {
		if isCommand(t, pkg) {
			continue
		}
		paths, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if strings.HasSuffix(p, "_test.go") {
				continue
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, p, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if ast.IsGenerated(f) {
				continue
			}
			read++
			for _, what := range undocumented(files, f) {
				t.Errorf("%s:%s has no comment: say above it, or in the comment of its type and by its name, what name and type do not tell: shape, unit, range, what zero or nil means",
					path.Join(pkg, filepath.Base(p)), what)
			}
		}
	}
	if read < 100 {
		t.Errorf("read only %d files: the test looks in the wrong place", read)
	}
}

func TestUndocumented(t *testing.T) {
	for source, want := range map[string][]string{
		"type T struct{ A int }":                                  {"2: T.A"},
		"type T struct {\n// a comment\nA int\nB int }":           {"5: T.B"},
		"type T struct {\nA, b, C int // a comment\nD, E int }":   {"4: T.D", "4: T.E"},
		"type T struct {\n// A and B are one.\nA int\nB int }":    nil,
		"// T has an A.\ntype T struct {\nA int }":                nil,
		"// T has an Axis.\ntype T struct {\nA int }":             {"4: T.A"},
		"type T struct {\nU\nb int }\ntype t struct { A int }":    nil,
		"const (\nA = 1 // one\nB = 2\n)":                         {"4: B"},
		"// All are good.\nconst (\nA = 1\nB = 2\n)":              nil,
		"type T struct{ A, B int } // both":                       nil,
		"type I interface {\nA() int\nb()\nC() // a comment\nT }": {"3: I.A"},
		"var A, b = 1, 2": {"2: A"},
		"type (\n// T has A.\nT struct {\nA int }\nU struct{B int})": {"6: U.B"},
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "x.go", "package x\n"+source+"\n", parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if found := undocumented(files, f); !slices.Equal(found, want) {
			t.Errorf("%q: found %q, want %q", source, found, want)
		}
	}
}
