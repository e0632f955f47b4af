package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// hint notes the names that the results of the next operator get.
func (v *Evaluator) hint(targets []expr) {
	v.hints = v.hints[:0]
	for _, t := range targets {
		if n, ok := t.(nameExpr); ok {
			v.hints = append(v.hints, n.name)
		}
	}
}

// made counts the items of lists.
func (v *Evaluator) made(n int) error {
	if v.values += n; v.values > maxValues {
		return fmt.Errorf("%w: lists of more than %d items", ErrLimit, maxValues)
	}
	return nil
}

// eval is the value of an expression.
func (f *frame) eval(e expr) (Value, error) {
	switch e := e.(type) {
	case constExpr:
		return e.value, nil
	case nameExpr:
		return f.named(e.name)
	case listExpr:
		items, err := f.all(e.items)
		return &List{Items: items}, err
	case tupleExpr:
		items, err := f.all(e.items)
		return &List{Items: items, Tuple: true}, err
	case attrExpr:
		return f.attribute(e)
	case indexExpr:
		return f.indexed(e)
	case callExpr:
		return f.called(e)
	case dictExpr:
		keys, err := f.all(e.keys)
		if err != nil {
			return nil, err
		}
		values, err := f.all(e.values)
		return &Dict{Keys: keys, Values: values}, err
	case otherExpr:
		return nil, fmt.Errorf("the sign %q, which TorchScript's serializer does not write", e.what)
	}
	return nil, errors.New("an expression of no kind")
}

func (f *frame) all(list []expr) ([]Value, error) {
	if err := f.v.made(len(list)); err != nil {
		return nil, err
	}
	values := make([]Value, len(list))
	for i, e := range list {
		var err error
		if values[i], err = f.eval(e); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// roots are the names that code uses without giving them.
var roots = map[string]bool{"torch": true, "ops": true, "CONSTANTS": true, "__torch__": true}

// builtins are functions of the language.
var builtins = map[string]bool{
	"annotate": true, "unchecked_cast": true, "uninitialized": true, "int": true, "float": true, "bool": true, "str": true,
	"range": true, "getattr": true, "hasattr": true, "isinstance": true, "len": true, "list": true,
}

func (f *frame) named(name string) (Value, error) {
	if v, ok := f.names[name]; ok {
		return v, nil
	}
	if roots[name] || builtins[name] {
		return builtin{name}, nil
	}
	switch name {
	case "Tensor", "List", "Optional", "Tuple", "Dict", "Any", "NoneType", "number", "Device", "Future", "Union", "complex":
		return Type{name}, nil
	}
	return nil, fmt.Errorf("the name %q stands for nothing", name)
}

// attribute is a part of an object, or of torch, ops, CONSTANTS and __torch__.
func (f *frame) attribute(e attrExpr) (Value, error) {
	of, err := f.eval(e.of)
	if err != nil {
		return nil, err
	}
	switch of := of.(type) {
	case builtin:
		name := of.name + "." + e.name
		switch {
		case of.name == "CONSTANTS":
			n, err := strconv.Atoi(strings.TrimPrefix(e.name, "c"))
			if err != nil || "c"+strconv.Itoa(n) != e.name {
				return nil, fmt.Errorf("the constant %q", e.name)
			}
			return f.v.m.Constant(n)
		case strings.HasPrefix(name, "__torch__"):
			return f.v.global(name, of.name, e.name)
		}
		return builtin{name}, nil
	case *Object:
		return f.v.attributeOf(of, e.name)
	case *List:
		for i, field := range of.Fields {
			if field == e.name {
				return of.Items[i], nil
			}
		}
	case *Tensor, Sym:
		return bound{of, e.name}, nil
	}
	return bound{of, e.name}, nil
}

// bound is a method of a value that is no object: x.size, list.append.
type bound struct {
	of   Value
	name string
}

// global is a function or a class of the archive's code, or the way to it.
func (v *Evaluator) global(full, module, name string) (Value, error) {
	s, err := v.source(module)
	if err != nil {
		return nil, err
	}
	if s != nil {
		if fn := s.functions[name]; fn != nil {
			return method{nil, fn, full}, nil
		}
		if c := s.classes[name]; c != nil {
			return classValue{c}, nil
		}
	}
	return builtin{full}, nil
}

// attributeOf is an attribute of a module: as it was set, as it was stored, or its class's.
func (v *Evaluator) attributeOf(o *Object, name string) (Value, error) {
	if value, ok := o.set[name]; ok {
		return value, nil
	}
	value, ok, err := v.m.Attribute(o, name)
	if err != nil || ok {
		return value, err
	}
	c, err := v.class(o.Class)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if fn := c.functions[name]; fn != nil {
			return method{o, fn, o.Class + "." + name}, nil
		}
		if e, ok := c.constants[name]; ok {
			return (&frame{v: v, self: o, names: map[string]Value{}}).eval(e)
		}
	}
	return nil, fmt.Errorf("%s has no attribute %q", o.Class, name)
}

// indexed is an item of a list.
func (f *frame) indexed(e indexExpr) (Value, error) {
	of, err := f.eval(e.of)
	if err != nil {
		return nil, err
	}
	if t, ok := of.(Type); ok { // List[int]
		return t, nil
	}
	index, err := f.eval(e.index)
	if err != nil {
		return nil, err
	}
	return f.v.item(of, index)
}

func (v *Evaluator) item(of, index Value) (Value, error) {
	switch of := of.(type) {
	case *List:
		i, ok := index.(int64)
		if !ok {
			return nil, fmt.Errorf("item %s of a list", Describe(index))
		}
		if i < 0 {
			i += int64(len(of.Items))
		}
		if i < 0 || i >= int64(len(of.Items)) {
			return nil, fmt.Errorf("item %d of %d", i, len(of.Items))
		}
		return of.Items[i], nil
	case *Dict:
		for i, k := range of.Keys {
			if k == index {
				return of.Values[i], nil
			}
		}
	}
	return nil, fmt.Errorf("item %s of %s", Describe(index), Describe(of))
}

// called is what a call gives.
func (f *frame) called(e callExpr) (Value, error) {
	hints := f.v.hints
	f.v.hints = nil
	if n, ok := e.fn.(nameExpr); ok && builtins[n.name] {
		if _, given := f.names[n.name]; !given {
			return f.builtin(n.name, e.args)
		}
	}
	fn, err := f.eval(e.fn)
	if err != nil {
		return nil, err
	}
	args, err := f.all(e.args)
	if err != nil {
		return nil, err
	}
	named := map[string]Value{}
	for _, n := range e.named {
		if named[n.name], err = f.eval(n.value); err != nil {
			return nil, err
		}
	}
	switch fn := fn.(type) {
	case method:
		self := fn.of
		if self == nil { // a function belongs to the module that calls it
			return f.v.function(f.self, fn.fn, args, named)
		}
		return f.v.invoke(self, fn.fn, args, named)
	case classValue:
		c := fn.c
		if c.base != "NamedTuple" || len(args) != len(c.fields) {
			return nil, fmt.Errorf("an object of %s is made; named tuples alone are read", c.name)
		}
		return &List{Items: args, Tuple: true, Fields: c.fields}, nil
	case builtin:
		return f.v.operator(&Call{Name: fn.name, Args: args, Named: named, In: f.self, Names: hints})
	case bound:
		return f.v.operator(&Call{Name: "torch." + fn.name, Args: append([]Value{fn.of}, args...), Named: named, In: f.self, Names: hints})
	}
	return nil, fmt.Errorf("%s is called", Describe(fn))
}

// function follows a function that is no method; its nodes belong to the module that calls it.
func (v *Evaluator) function(caller *Object, fn *function, args []Value, named map[string]Value) (Value, error) {
	return v.invoke(caller, fn, args, named)
}

// builtin is a function of the language.
func (f *frame) builtin(name string, list []expr) (Value, error) {
	switch name {
	case "uninitialized":
		return Unknown{"a value that is given nowhere"}, nil
	case "annotate", "unchecked_cast":
		if len(list) != 2 {
			return nil, fmt.Errorf("%s of %d values", name, len(list))
		}
		v, err := f.eval(list[1])
		if t, ok := v.(*Tensor); ok && err == nil {
			if kind := spelled(list[0]); kind == "int" || kind == "float" || kind == "bool" {
				return f.v.converted(kind, t)
			}
		}
		return v, err
	case "isinstance":
		return nil, fmt.Errorf("%w: isinstance", ErrControl)
	}
	args, err := f.all(list)
	if err != nil {
		return nil, err
	}
	switch {
	case name == "range":
		return f.v.ranged(args)
	case len(args) == 1 && (name == "int" || name == "float" || name == "bool"):
		return f.v.converted(name, args[0])
	case len(args) == 1 && name == "len":
		return f.v.operator(&Call{Name: "torch.len", Args: args, In: f.self})
	case len(args) == 1 && name == "list":
		if l, ok := args[0].(*List); ok {
			err := f.v.made(len(l.Items))
			return &List{Items: append([]Value(nil), l.Items...)}, err
		}
	case len(args) >= 2 && (name == "getattr" || name == "hasattr"):
		o, ok1 := args[0].(*Object)
		attr, ok2 := args[1].(string)
		if ok1 && ok2 {
			v, err := f.v.attributeOf(o, attr)
			if name == "hasattr" {
				return err == nil, nil
			}
			return v, err
		}
	}
	return nil, fmt.Errorf("%s of %d values", name, len(args))
}

// converted is int(x), float(x) or bool(x).
func (v *Evaluator) converted(kind string, x Value) (Value, error) {
	if t, ok := x.(*Tensor); ok {
		item, err := v.m.Item(t)
		if err != nil {
			return nil, err
		}
		x = item
	}
	switch x := x.(type) {
	case Sym:
		if kind == "int" {
			return x, nil
		}
	case Unknown:
		return x, nil
	case bool, int64, float64:
		n, whole := numberOf(x)
		switch {
		case kind == "bool":
			return n != 0, nil
		case kind == "float":
			return n, nil
		case whole != nil:
			return *whole, nil
		case n > -1<<62 && n < 1<<62:
			return int64(n), nil
		}
	}
	return nil, fmt.Errorf("%s of %s", kind, Describe(x))
}

// ranged is the list of a range.
func (v *Evaluator) ranged(args []Value) (Value, error) {
	bounds := []int64{0, 0, 1}
	for i, a := range args {
		n, ok := a.(int64)
		if !ok || len(args) > 3 {
			return Unknown{"a range of " + Describe(a)}, nil
		}
		if len(args) == 1 {
			i = 1
		}
		bounds[i] = n
	}
	if bounds[2] == 0 {
		return nil, errors.New("a range of step 0")
	}
	list := &List{}
	for i := bounds[0]; bounds[2] > 0 && i < bounds[1] || bounds[2] < 0 && i > bounds[1]; i += bounds[2] {
		if err := v.made(1); err != nil {
			return nil, err
		}
		list.Items = append(list.Items, i)
	}
	return list, nil
}
