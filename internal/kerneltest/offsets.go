package kerneltest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/octet-ml/octet/internal/operand"
)

// Offsets fails unless the routines that are written by the program in
// internal/kernel/_asm look for the fields of T where they are, and if those of the tested
// package write a field that is a pointer. The program names the fields of an argument in
// one of its files, by a prefix and the field's name: tileLD is field ld of the argument
// whose prefix is tile. others gives the fields that have another name there, by the name
// without the prefix; "" is for what only the routine uses, and what another test checks.
func Offsets[T any](t *testing.T, file, prefix string, others map[string]string) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	found, err := fields(file, prefix, cursorBefore(typ))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("%s names no fields with prefix %s", file, prefix)
	}
	for _, wrong := range misplaced(typ, found, others) {
		t.Errorf("%s, names that begin with %s: %s", file, prefix, wrong)
	}
	pointers, err := moved(".", typ)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range pointers {
		t.Error(wrong)
	}
}

// misplaced says which of the offsets found are not those of the fields.
func misplaced(typ reflect.Type, found map[string]int, others map[string]string) (wrong []string) {
	for name, at := range found {
		wanted, renamed := others[name]
		if renamed && wanted == "" {
			continue
		}
		if !renamed {
			wanted = name
		}
		switch offset, ok := offsetOf(typ, wanted); {
		case ok && offset != at:
			wrong = append(wrong, fmt.Sprintf("%s is at %d, field %s of %v at %d", name, at, wanted, typ, offset))
		case !ok && !blankAt(typ, uintptr(at)):
			wrong = append(wrong, fmt.Sprintf("%s is at %d, where %v has no room for it, and no field %s", name, at, typ, wanted))
		}
	}
	for name := range others {
		if _, ok := found[name]; !ok {
			wrong = append(wrong, fmt.Sprintf("there is no %s", name))
		}
	}
	return wrong
}

// cursorBefore is the size of the cursor that an argument begins with, from whose end
// the program counts.
func cursorBefore(typ reflect.Type) int {
	if cursor := reflect.TypeFor[operand.Cursor](); typ.Field(0).Type == cursor {
		return int(cursor.Size())
	}
	return 0
}

// offsetOf finds a field, also of what is embedded, whatever the case of its name.
func offsetOf(typ reflect.Type, name string) (offset int, ok bool) {
	f, ok := typ.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
	if !ok {
		return 0, false
	}
	for _, i := range f.Index {
		offset += int(typ.Field(i).Offset)
		typ = typ.Field(i).Type
	}
	return offset, true
}

// blankAt reports whether a byte belongs to a field without a name.
func blankAt(typ reflect.Type, at uintptr) bool {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if at < f.Offset || at >= f.Offset+f.Type.Size() {
			continue
		}
		return f.Name == "_" || f.Anonymous && f.Type.Kind() == reflect.Struct && blankAt(f.Type, at-f.Offset)
	}
	return false
}

// place is a field of the argument as assembly writes it.
var place = regexp.MustCompile(`^"(\d+)\(DI\)"$`)

// fields reads the offsets that the program gives names that begin with prefix. Those of
// the functions field and ruleAt, and whole numbers, count from behind the cursor.
func fields(file, prefix string, cursor int) (map[string]int, error) {
	path, err := programFile(file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	for _, d := range parsed.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR && gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			spec := s.(*ast.ValueSpec)
			for i, name := range spec.Names {
				rest, ok := strings.CutPrefix(name.Name, prefix)
				if !ok || rest == "" || !unicode.IsUpper(rune(rest[0])) {
					continue
				}
				at, ok, err := offset(spec.Values[i], cursor)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", path, name.Name, err)
				}
				if ok {
					found[rest] = at
				}
			}
		}
	}
	return found, nil
}

// offset is the number that an expression stands for; false for one that is no offset,
// such as a list of registers.
func offset(e ast.Expr, cursor int) (at int, ok bool, err error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if m := place.FindStringSubmatch(e.Value); m != nil {
			at, err = strconv.Atoi(m[1])
			return at, true, err
		}
		at, err = strconv.Atoi(e.Value)
		return cursor + at, true, err
	case *ast.CallExpr: // field(8), or ruleAt of something and 8
		return offset(e.Args[len(e.Args)-1], cursor)
	}
	return 0, false, nil
}

// programFile finds a file of the program from the folder of any package.
func programFile(name string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(folder, "internal", "kernel", "_asm", name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if parent := filepath.Dir(folder); parent != folder {
			folder = parent
			continue
		}
		return "", fmt.Errorf("internal/kernel/_asm/%s is nowhere above this package", name)
	}
}
