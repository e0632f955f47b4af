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
)

// moved says which lines of the assembly in a folder write a field of T that the garbage
// collector takes for a pointer. A routine that moves such a field leaves it behind its
// object after the last step, where the next object begins: the collector, which sees the
// argument, then marks that object, and aborts if it is free. What routines move is a
// uintptr or an int.
func moved(folder string, typ reflect.Type) (wrong []string, err error) {
	routines, err := routinesOf(folder, typ.Name())
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.s"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		written := stores
		if strings.HasSuffix(file, "_arm64.s") {
			written = armStores
		}
		for _, s := range written(string(text), routines) {
			at := fmt.Sprintf("%s:%d: %s", filepath.Base(file), s.line, s.text)
			if s.indexed {
				wrong = append(wrong, at+": it cannot be told which field this writes")
			} else if name, kind := pointerIn(typ, s.at, s.at+s.size); name != "" {
				wrong = append(wrong, fmt.Sprintf("%s: writes %v.%s, which is a %v: routines may write no pointers, make it a uintptr", at, typ, name, kind))
			}
		}
	}
	return wrong, nil
}

// routinesOf lists the functions without a body, in the Go files of a folder, whose last
// parameter points to a type of that name.
func routinesOf(folder, name string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	routines := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body == nil && pointee(f) == name {
				routines[f.Name.Name] = true
			}
		}
	}
	return routines, nil
}

// pointee is the name, without its package, of what a function's last parameter points to.
func pointee(f *ast.FuncDecl) string {
	params := f.Type.Params.List
	if len(params) == 0 {
		return ""
	}
	star, ok := params[len(params)-1].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	switch x := star.X.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// store is an instruction that writes size bytes of the argument.
type store struct {
	line     int
	text     string
	at, size uintptr
	indexed  bool // by a register: somewhere behind at
}

var (
	textOf     = regexp.MustCompile(`^TEXT (?:·(\w+)|(\w+)<>)\(SB\)`)
	dispatched = regexp.MustCompile(`^DATA routines(\w+)<>\+\d+\(SB\)/8, \$(\w+)<>\(SB\)`)
	loaded     = regexp.MustCompile(`^arg\+\d+\(FP\)$`)
	address    = regexp.MustCompile(`^(\d*)\((\w+)\)(\(\w+\*\d\))?$`)
)

// instruction is a line of a routine that has the argument.
type instruction struct {
	line     int
	code, op string
	operands []string
}

// last is the last operand, the one that is written.
func (i instruction) last() string { return strings.TrimSpace(i.operands[len(i.operands)-1]) }

// writes is the store of so many bytes of the argument by the instruction.
func (i instruction) writes(at, size uintptr, indexed bool) store {
	return store{i.line, i.code, at, size, indexed}
}

// eachInstruction visits the instructions of the routines of an assembly file, and of those
// that they go on at with the argument in a register. holds are the registers with the
// argument's address; visit keeps it.
func eachInstruction(text string, routines map[string]bool, register string, visit func(i instruction, holds map[string]bool)) {
	parts := partsOf(text, routines)
	holds := map[string]bool{}
	inside := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		if m := textOf.FindStringSubmatch(line); m != nil {
			inside = routines[m[1]] || parts[m[2]]
			clear(holds)
			holds[register] = parts[m[2]]
			continue
		}
		code, _, _ := strings.Cut(line, "//")
		code = strings.TrimSpace(code)
		if op, rest, ok := strings.Cut(code, " "); ok && inside {
			visit(instruction{number, code, op, strings.Split(rest, ", ")}, holds)
		}
	}
}

// stores lists what the routines of an assembly file, and those that they go on at with
// the argument in DI, write to their argument. Taking an address inside of it counts too.
func stores(text string, routines map[string]bool) (found []store) {
	eachInstruction(text, routines, "DI", func(i instruction, holds map[string]bool) {
		from, last := i.operands[0], i.last()
		if i.op == "MOVQ" && (loaded.MatchString(from) || holds[from]) && !strings.Contains(last, "(") {
			holds[last] = true
			return
		}
		target := last
		switch {
		case strings.HasPrefix(i.op, "LEA"), strings.HasPrefix(i.op, "XCHG") && strings.Contains(from, "("):
			target = from
		case strings.HasPrefix(i.op, "CMP"), strings.HasPrefix(i.op, "TEST"), strings.HasPrefix(i.op, "PREFETCH"):
			return
		}
		if m := address.FindStringSubmatch(target); m != nil && holds[m[2]] {
			at, _ := strconv.Atoi("0" + m[1])
			found = append(found, i.writes(uintptr(at), width(from), m[3] != ""))
		}
		delete(holds, last)
	})
	return found
}

// partsOf lists what the routines of an assembly file go on at.
func partsOf(text string, routines map[string]bool) map[string]bool {
	parts := map[string]bool{}
	for line := range strings.Lines(text) {
		if m := dispatched.FindStringSubmatch(line); m != nil && routines[m[1]] {
			parts[m[2]] = true
		}
	}
	return parts
}

// width is how many bytes an instruction stores whose source is an operand: those of a
// vector, or else at most a word.
func width(source string) uintptr {
	switch source[0] {
	case 'X':
		return 16
	case 'Y':
		return 32
	case 'Z':
		return 64
	}
	return 8
}

// pointerIn names the first field of typ, in the bytes from one offset to another, that
// holds a pointer.
func pointerIn(typ reflect.Type, from, to uintptr) (name string, kind reflect.Type) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Offset >= to || f.Offset+f.Type.Size() <= from {
			continue
		}
		if f.Type.Kind() == reflect.Struct {
			begin := max(from, f.Offset) - f.Offset
			if inner, kind := pointerIn(f.Type, begin, to-f.Offset); inner != "" {
				return f.Name + "." + inner, kind
			}
		} else if pointers(f.Type) {
			return f.Name, f.Type
		}
	}
	return "", nil
}

// pointers reports whether the garbage collector finds pointers in values of a type.
func pointers(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Array:
		return pointers(typ.Elem())
	case reflect.Struct:
		for i := range typ.NumField() {
			if pointers(typ.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Pointer, reflect.UnsafePointer, reflect.Slice, reflect.String, reflect.Interface, reflect.Func, reflect.Map, reflect.Chan:
		return true
	}
	return false
}
