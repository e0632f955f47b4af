package script

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Dict is a dict of code.
type Dict struct {
	Keys   []Value // in the order in which they were given
	Values []Value // that of each key
}

// numberOf is a known number; whole is set if it is a whole one.
func numberOf(v Value) (n float64, whole *int64) {
	switch v := v.(type) {
	case bool:
		i := int64(0)
		if v {
			i = 1
		}
		return float64(i), &i
	case int64:
		return float64(v), &v
	case float64:
		return v, nil
	}
	return math.NaN(), nil
}

func isNumber(v Value) bool {
	switch v.(type) {
	case bool, int64, float64:
		return true
	}
	return false
}

// operator does what can be done without the machine: lists, texts and numbers that are known.
func (v *Evaluator) operator(c *Call) (Value, error) {
	switch c.Name {
	case "ops.prim.RaiseException":
		why := "an exception"
		if len(c.Args) > 0 {
			if s, ok := c.Args[0].(string); ok {
				why = shortened(s)
			}
		}
		return nil, fmt.Errorf("the code raises %q for these inputs", why)
	case "torch.warn", "ops.prim.Print", "torch.manual_seed":
		return nil, nil
	case "ops.prim.NumToTensor":
		if len(c.Args) == 1 {
			return c.Args[0], nil
		}
	case "torch.format", "torch.str", "ops.aten.format":
		return "", nil
	case "torch.is_scripting", "torch.jit.is_scripting":
		return true, nil
	case "ops.prim.min", "ops.prim.max", "ops.prim.abs": // Python's own functions
		d := *c
		d.Name = "torch." + strings.TrimPrefix(c.Name, "ops.prim.")
		c = &d
	}
	name, ok := strings.CutPrefix(c.Name, "torch.")
	if !ok || len(c.Args) == 0 {
		return v.m.Do(c)
	}
	if known, value, err := v.onLists(name, c); known || err != nil {
		return value, err
	}
	args := slices.Clone(c.Args)
	numeric := true
	for i, a := range args {
		if t, ok := a.(*Tensor); ok && arithmetic[name] && v.beside(args) {
			item, err := v.m.Item(t)
			if err != nil {
				return nil, err
			}
			if isNumber(item) {
				args[i] = item
			}
		}
		numeric = numeric && isNumber(args[i])
	}
	switch {
	case numeric && (arithmetic[name] || relations[name] || unaries[name]):
		return compute(name, args, c.Named)
	case relations[name] && slices.ContainsFunc(args, isSym) && !slices.ContainsFunc(args, isTensor):
		return Unknown{"a size of the inputs"}, nil
	case name == "abs" && isSym(args[0]):
		return Unknown{"a size of the inputs"}, nil
	case slices.ContainsFunc(args, isUnknown) && (arithmetic[name] || relations[name]):
		return args[slices.IndexFunc(args, isUnknown)], nil
	case arithmetic[name] && slices.ContainsFunc(args, isSym) && !slices.ContainsFunc(args, isTensor):
		d := *c
		d.Name, d.Args = "sym."+name, args
		return v.m.Do(&d)
	}
	return v.m.Do(c)
}

// beside reports whether a number or a size is among the operands, and no tensor with axes is
// known to be: in traced code numbers are tensors of one element.
func (v *Evaluator) beside(args []Value) bool {
	return slices.ContainsFunc(args, func(a Value) bool { return isNumber(a) || isSym(a) }) &&
		len(args) == 2 && !(isTensor(args[0]) && isTensor(args[1]))
}

func isSym(v Value) bool     { _, ok := v.(Sym); return ok }
func isTensor(v Value) bool  { _, ok := v.(*Tensor); return ok }
func isUnknown(v Value) bool { _, ok := v.(Unknown); return ok }

var (
	arithmetic = map[string]bool{"add": true, "sub": true, "mul": true, "div": true, "floordiv": true, "floor_divide": true, "remainder": true, "rsub": true, "max": true, "min": true, "mod": true}
	relations  = map[string]bool{"eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true}
	unaries    = map[string]bool{"neg": true, "floor": true, "ceil": true, "round": true, "sqrt": true, "to": true, "item": true, "abs": true, "detach": true, "clone": true, "pow": true, "Int": true, "Float": true, "ScalarImplicit": true, "IntImplicit": true, "FloatImplicit": true}
)

// onLists does what is done with lists, texts, truth values and None.
func (v *Evaluator) onLists(name string, c *Call) (known bool, value Value, err error) {
	args := c.Args
	list, isList := args[0].(*List)
	switch {
	case name == "__is__" && len(args) == 2:
		return true, same(args[0], args[1]), nil
	case name == "__isnot__" && len(args) == 2:
		return true, !same(args[0], args[1]), nil
	case name == "__not__":
		yes, known, err := v.truth(args[0])
		if !known && err == nil {
			return true, Unknown{Describe(args[0])}, nil
		}
		return true, !yes, err
	case name == "__and__" && len(args) == 2 && !isTensor(args[0]), name == "__or__" && len(args) == 2 && !isTensor(args[0]):
		return true, combined(name == "__and__", args[0], args[1]), nil
	case name == "len" && isList:
		return true, int64(len(list.Items)), nil
	case name == "append" && isList && len(args) == 2 && !list.Tuple:
		list.Items = append(list.Items, args[1])
		return true, list, v.made(1)
	case name == "extend" && isList && len(args) == 2 && !list.Tuple:
		more, ok := args[1].(*List)
		if !ok {
			return true, nil, fmt.Errorf("a list is extended by %s", Describe(args[1]))
		}
		if err := v.made(len(more.Items)); err != nil {
			return true, nil, err
		}
		list.Items = append(list.Items, more.Items...)
		return true, list, nil
	case name == "_set_item" && len(args) == 3 && isList:
		return true, list, setItem(list, args[1], args[2])
	case name == "__getitem__" && len(args) == 2:
		value, err := v.item(args[0], args[1])
		return true, value, err
	case name == "__contains__" && len(args) == 2:
		if d, ok := args[0].(*Dict); ok {
			return true, slices.Contains(d.Keys, args[1]), nil
		}
		if isList && isKnown(args[1]) {
			return true, slices.ContainsFunc(list.Items, func(i Value) bool { return isKnown(i) && i == args[1] }), nil
		}
	case (name == "list" || name == "copy") && isList:
		return true, &List{Items: slices.Clone(list.Items)}, v.made(len(list.Items))
	case (name == "sum" || name == "max" || name == "min") && isList && len(args) == 1 && len(list.Items) > 0:
		value, err := folded(name, list.Items)
		return true, value, err
	case name == "slice" && isList:
		value, err := sliced(list, args[1:])
		return true, value, errors.Join(err, v.made(len(list.Items)))
	case name == "add" && isList && len(args) == 2:
		if more, ok := args[1].(*List); ok {
			return true, &List{Items: slices.Concat(list.Items, more.Items), Tuple: list.Tuple}, v.made(len(list.Items) + len(more.Items))
		}
	case name == "mul" && isList && len(args) == 2:
		if n, ok := args[1].(int64); ok && n >= 0 {
			if n > 1<<16 || len(list.Items) > 1<<16 {
				return true, nil, errors.New("a list is repeated too often")
			}
			return true, &List{Items: slices.Repeat(list.Items, int(n))}, v.made(len(list.Items) * int(n))
		}
	case relations[name] && len(args) == 2:
		a, ok1 := args[0].(string)
		b, ok2 := args[1].(string)
		switch {
		case ok1 && ok2 && name == "eq":
			return true, a == b, nil
		case ok1 && ok2 && name == "ne":
			return true, a != b, nil
		case (args[0] == nil || args[1] == nil) && (name == "eq" || name == "ne"):
			return true, (args[0] == nil && args[1] == nil) == (name == "eq"), nil
		}
		if other, ok := args[1].(*List); isList && ok && (name == "eq" || name == "ne") {
			equal := len(list.Items) == len(other.Items)
			for i := 0; equal && i < len(list.Items); i++ {
				if isSym(list.Items[i]) || isSym(other.Items[i]) {
					return true, Unknown{"a size of the inputs"}, nil
				}
				equal = isKnown(list.Items[i]) && list.Items[i] == other.Items[i]
			}
			return true, equal == (name == "eq"), nil
		}
	}
	return false, nil, nil
}

// folded is the sum, the largest or the smallest of numbers.
func folded(name string, items []Value) (Value, error) {
	if name == "sum" {
		name = "add"
	}
	total := items[0]
	for _, item := range items[1:] {
		if isSym(item) || isSym(total) {
			return Unknown{"a size of the inputs"}, nil
		}
		if !isNumber(item) || !isNumber(total) {
			return nil, fmt.Errorf("%s of %s and %s", name, Describe(total), Describe(item))
		}
		var err error
		if total, err = compute(name, []Value{total, item}, nil); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func isKnown(v Value) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string:
		return true
	}
	return false
}

// same is Python's is, which code asks of None.
func same(a, b Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return isKnown(a) && isKnown(b) && a == b
}

// combined is a and b, or a or b.
func combined(and bool, a, b Value) Value {
	x, ok1 := a.(bool)
	y, ok2 := b.(bool)
	switch {
	case ok1 && x != and:
		return x
	case ok2 && y != and:
		return y
	case ok1 && ok2:
		return and
	case ok1:
		return b
	}
	return a
}

// sliced is a part of a list: start, end and step, of which each may be None.
func sliced(list *List, bounds []Value) (Value, error) {
	n := int64(len(list.Items))
	at := func(i int, usual int64) (int64, error) {
		if i >= len(bounds) || bounds[i] == nil {
			return usual, nil
		}
		b, ok := bounds[i].(int64)
		if !ok {
			return 0, fmt.Errorf("a part of a list from %s", Describe(bounds[i]))
		}
		if b < 0 {
			b = max(0, b+n)
		}
		return min(b, n), nil
	}
	start, err1 := at(0, 0)
	end, err2 := at(1, n)
	step := int64(1)
	if len(bounds) > 2 && bounds[2] != nil {
		step, _ = bounds[2].(int64)
	}
	if err := errors.Join(err1, err2); err != nil || step < 1 {
		return nil, errors.Join(err, errorIf(step < 1, "a part of a list of another step than 1 and more"))
	}
	part := &List{Tuple: list.Tuple}
	for i := start; i < end; i += step {
		part.Items = append(part.Items, list.Items[i])
	}
	return part, nil
}

func errorIf(is bool, why string) error {
	if is {
		return errors.New(why)
	}
	return nil
}

// compute is an operator on known numbers, with Python's rules.
func compute(name string, args []Value, named map[string]Value) (Value, error) {
	a, wholeA := numberOf(args[0])
	if unaries[name] {
		switch name {
		case "neg":
			if wholeA != nil {
				return -*wholeA, nil
			}
			return -a, nil
		case "floor":
			return int64(math.Floor(a)), nil
		case "ceil":
			return int64(math.Ceil(a)), nil
		case "sqrt":
			return math.Sqrt(a), nil
		case "abs":
			if wholeA != nil {
				return max(*wholeA, -*wholeA), nil
			}
			return math.Abs(a), nil
		case "pow":
			if len(args) == 2 {
				b, wholeB := numberOf(args[1])
				p := math.Pow(a, b)
				if wholeA != nil && wholeB != nil && b >= 0 && math.Abs(p) < 1<<53 {
					return int64(p), nil
				}
				return p, nil
			}
		case "round":
			return math.RoundToEven(a), nil
		}
		return args[0], nil // a number in another form
	}
	if len(args) < 2 {
		return args[0], nil // max and min of one
	}
	b, wholeB := numberOf(args[1])
	if alpha, ok := named["alpha"]; ok && alpha != Value(int64(1)) {
		return nil, fmt.Errorf("%s of numbers with alpha", name)
	}
	if name == "rsub" {
		name, a, b, wholeA, wholeB = "sub", b, a, wholeB, wholeA
	}
	mode, _ := named["rounding_mode"].(string)
	if len(args) > 2 {
		if text, ok := args[2].(string); ok {
			mode = text
		}
	}
	switch name {
	case "eq":
		return a == b, nil
	case "ne":
		return a != b, nil
	case "lt":
		return a < b, nil
	case "le":
		return a <= b, nil
	case "gt":
		return a > b, nil
	case "ge":
		return a >= b, nil
	}
	if wholeA != nil && wholeB != nil && !(name == "div" && mode == "") {
		x, y := *wholeA, *wholeB
		switch name {
		case "add":
			return x + y, nil
		case "sub":
			return x - y, nil
		case "mul":
			return x * y, nil
		case "max":
			return max(x, y), nil
		case "min":
			return min(x, y), nil
		}
		if y == 0 {
			return nil, errors.New("a division by 0")
		}
		q := x / y
		if mode != "trunc" && x%y != 0 && (x < 0) != (y < 0) {
			q--
		}
		if name == "remainder" || name == "mod" {
			return x - q*y, nil
		}
		return q, nil
	}
	switch name {
	case "add":
		return a + b, nil
	case "sub":
		return a - b, nil
	case "mul":
		return a * b, nil
	case "max":
		return max(a, b), nil
	case "min":
		return min(a, b), nil
	case "div":
		switch mode {
		case "floor":
			return math.Floor(a / b), nil
		case "trunc":
			return math.Trunc(a / b), nil
		}
		return a / b, nil
	case "floordiv", "floor_divide":
		return math.Floor(a / b), nil
	}
	return a - b*math.Floor(a/b), nil
}
