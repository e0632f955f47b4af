package pt2

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// parameter is one of an operator's schema, with its default as JSON; empty where it must be
// given.
type parameter struct{ name, usual string }

// schemas are the parameters of operators, in order.
var schemas = sync.OnceValue(func() map[string][]parameter {
	table := map[string][]parameter{}
	for line := range strings.Lines(schemaText + codesSchema) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		list := make([]parameter, len(words)-1)
		for i, word := range words[1:] {
			list[i].name, list[i].usual, _ = strings.Cut(word, "=")
		}
		table[words[0]] = list
	}
	return table
})

// listed are the values that lists of optional tensors and of numbers name.
func listed(a argument) (names []string) {
	switch a.kind {
	case "as_optional_tensors":
		var list []argument
		if json.Unmarshal(a.data, &list) == nil {
			for _, t := range list {
				if t.kind == "as_tensor" {
					names = append(names, t.tensorName())
				}
			}
		}
	case "as_optional_tensor":
		var t argument
		if json.Unmarshal(a.data, &t) == nil && t.kind == "as_tensor" {
			names = append(names, t.tensorName())
		}
	case "as_sym_ints", "as_sym_floats", "as_sym_bools":
		var list []struct {
			Name string `json:"as_name"`
		}
		if json.Unmarshal(a.data, &list) == nil {
			for _, t := range list {
				if t.Name != "" {
					names = append(names, t.Name)
				}
			}
		}
	}
	return names
}

// arg is an argument, or its default, whose kind is then "default".
func (n *node) arg(name string) argument {
	if a, ok := n.args[name]; ok {
		return a
	}
	for _, p := range n.schema {
		if p.name == name && p.usual != "" {
			return argument{"default", json.RawMessage(p.usual)}
		}
	}
	n.Refuse("its argument %q is missing", name)
	return argument{"as_none", nil}
}

// none reports whether an argument is None.
func (n *node) none(name string) bool {
	a := n.arg(name)
	if a.kind == "as_optional_tensor" {
		var t argument
		return json.Unmarshal(a.data, &t) == nil && t.kind == "as_none"
	}
	return a.kind == "as_none" || string(a.data) == "null"
}

// mistaken ends the chain for an argument of another kind than is read.
func (n *node) mistaken(name, want string, a argument) {
	n.Refuse("its argument %q is %s %.40s; %s is read", name, a.kind, a.data, want)
}

// decoded reads the JSON of an argument.
func (n *node) decoded(name, want string, to any) {
	if a := n.arg(name); n.Err == nil && json.Unmarshal(a.data, to) != nil {
		n.mistaken(name, want, a)
	}
}

func (n *node) flag(name string) (v bool) {
	n.decoded(name, "a truth value", &v)
	return v
}

func (n *node) text(name string) (v string) {
	n.decoded(name, "a text", &v)
	return v
}

// whole is a whole number that does not depend on the data or sizes of inputs.
func (n *node) whole(name string) int {
	list := n.wholes(name)
	if n.Err == nil && len(list) != 1 {
		n.mistaken(name, "a whole number", n.arg(name))
	}
	if n.Err != nil {
		return 0
	}
	return list[0]
}

// wholes are whole numbers that do not depend on the data or sizes of inputs.
func (n *node) wholes(name string) []int {
	sizes := n.sizes(name)
	list := make([]int, len(sizes))
	for i, s := range sizes {
		if s.value != nil {
			n.Refuse("its argument %q is %w; a constant is needed, which octet.WithShape may make of it", name, graph.ErrComputed)
			return nil
		}
		list[i] = s.at
	}
	return list
}

// pair is a list of two, where one number stands for both.
func (n *node) pair(name string) [2]int {
	switch list := n.wholes(name); {
	case n.Err != nil:
	case len(list) == 1:
		return [2]int{list[0], list[0]}
	case len(list) == 2:
		return [2]int(list)
	default:
		n.mistaken(name, "one number or two", n.arg(name))
	}
	return [2]int{}
}

// size is a number that may be computed from the sizes of inputs.
type size struct {
	at    int          // if value is nil
	value *graph.Value // int64, without axes
}

// sizes reads a number or a list of numbers; nil of None.
func (n *node) sizes(name string) []size {
	a := n.arg(name)
	if n.Err != nil || n.none(name) {
		return nil
	}
	type entryOf struct {
		Name string       `json:"as_name"`
		Int  *json.Number `json:"as_int"`
	}
	var list []entryOf
	var numbers []json.Number
	var one json.Number
	switch a.kind {
	case "as_sym_ints":
		if json.Unmarshal(a.data, &list) != nil {
			n.mistaken(name, "a list of numbers", a)
		}
	case "as_sym_int":
		list = make([]entryOf, 1)
		if json.Unmarshal(a.data, &list[0]) != nil {
			n.mistaken(name, "a number", a)
		}
	case "as_int", "as_ints", "default":
		if json.Unmarshal(a.data, &numbers) != nil {
			if json.Unmarshal(a.data, &one) != nil {
				n.mistaken(name, "a list of whole numbers", a)
			}
			numbers = []json.Number{one}
		}
		for i := range numbers {
			list = append(list, entryOf{Int: &numbers[i]})
		}
	default:
		n.mistaken(name, "a list of whole numbers", a)
	}
	sizes := []size{}
	for _, l := range list {
		if n.Err != nil {
			return nil
		}
		if l.Int != nil {
			sizes = append(sizes, size{at: n.bounded(name, n.number(name, *l.Int))})
			continue
		}
		sizes = append(sizes, n.computed(name, l.Name))
	}
	return sizes
}

// computed is a number that the program names, a constant where it is known.
func (n *node) computed(argument, name string) size {
	e := n.values[name]
	if e == nil || e.value == nil {
		n.Refuse("the number %q is computed by no node", name)
		return size{}
	}
	if t := n.ConstantOf(e.value); t != nil && t.DType() == tensor.Int64 && t.Numel() == 1 {
		return size{at: n.bounded(argument, t.Int64s()[0])}
	}
	return size{value: e.value}
}

// number reads a whole number of JSON.
func (n *node) number(name string, text json.Number) int64 {
	v, err := text.Int64()
	if err != nil {
		n.Refuse("its argument %q is %v; a whole number is read", name, text)
	}
	return v
}

// bounded is a number that counts elements or axes. Ends of slices are often the largest int64;
// elsewhere one that no count can be is refused, not made smaller.
func (n *node) bounded(name string, v int64) int {
	within := max(math.MinInt32, min(v, math.MaxInt32))
	if within != v && name != "start" && name != "end" {
		n.Refuse("its argument %q is %d; numbers of less than 2^31 are read", name, v)
	}
	return int(within)
}

// vector is sizes as a tensor of one axis.
func (n *node) vector(sizes []size) *graph.Value {
	var parts []*graph.Value
	var known []int
	flush := func() {
		if len(known) > 0 {
			parts, known = append(parts, n.List(known...)), nil
		}
	}
	for _, s := range sizes {
		if s.value == nil {
			known = append(known, s.at)
			continue
		}
		flush()
		parts = append(parts, n.Do(reshape(1), s.value))
	}
	flush()
	switch {
	case n.Err != nil:
		return nil
	case len(parts) == 0:
		return n.Constant(tensor.New(tensor.Int64, 0))
	case len(parts) == 1:
		return parts[0]
	}
	return n.Do(cat(0), parts...)
}

// real is a number with a fraction.
func (n *node) real(name string) float64 {
	v, err := realOf(n.arg(name).data)
	if err != nil && n.Err == nil {
		n.mistaken(name, "a number", n.arg(name))
	}
	return v
}

// realOf reads a number, or what JSON has no number for.
func realOf(data json.RawMessage) (float64, error) {
	var v float64
	if json.Unmarshal(data, &v) == nil {
		return v, nil
	}
	var s string
	if json.Unmarshal(data, &s) == nil {
		switch strings.TrimPrefix(s, "-") {
		case "Infinity":
			return math.Inf(1 - 2*strings.Count(s, "-")), nil
		case "NaN":
			return math.NaN(), nil
		}
	}
	var b bool
	if json.Unmarshal(data, &b) == nil {
		if b {
			return 1, nil
		}
		return 0, nil
	}
	return 0, errors.New("no number")
}

// reals are numbers with a fraction; nil of None.
func (n *node) reals(name string) []float64 {
	if n.none(name) {
		return nil
	}
	var list []json.RawMessage
	n.decoded(name, "a list of numbers", &list)
	numbers := make([]float64, len(list))
	for i, data := range list {
		var err error
		if numbers[i], err = realOf(data); err != nil {
			n.mistaken(name, "a list of numbers", n.arg(name))
		}
	}
	return numbers
}

// tensor is an operand as it is now.
func (n *node) tensor(name string) *graph.Value {
	v := n.optional(name)
	if v == nil {
		n.Refuse("its operand %q is missing", name)
	}
	return v
}

// optional is an operand, nil of None.
func (n *node) optional(name string) *graph.Value {
	if n.Err != nil || n.none(name) {
		return nil
	}
	a := n.arg(name)
	label := a.tensorName()
	if a.kind == "as_optional_tensor" {
		if in := listed(a); len(in) == 1 {
			label = in[0]
		}
	}
	if label == "" {
		n.mistaken(name, "a tensor", a)
		return nil
	}
	return n.read(label)
}

// read is the value of a name of the program as it is now.
func (n *node) read(name string) *graph.Value {
	v, err := n.current(n, n.values[name])
	if err == nil && v == nil {
		err = fmt.Errorf("%q is no tensor that was computed", name)
	}
	if n.Err == nil {
		n.Err = err
	}
	if n.Err == nil && v.Type.DType.IsQuantized() && !strings.HasPrefix(n.target, decomposed) && n.file.script == nil { // an operator that computes with codes
		return n.Do(op.Cast{To: tensor.Int64}, n.Do(op.IntRepr{}, v))
	}
	return v
}

// tensors is a list of operands.
func (n *node) tensors(name string) (list []*graph.Value) {
	a := n.arg(name)
	if a.kind != "as_tensors" {
		n.mistaken(name, "a list of tensors", a)
	}
	for _, label := range a.names() {
		list = append(list, n.read(label))
	}
	if len(list) == 0 {
		n.Refuse("its list %q is empty", name)
	}
	return list
}

// meta is what the program says of an operand.
func (n *node) meta(name string) tensorMeta {
	a := n.arg(name)
	label := a.tensorName()
	if in := listed(a); label == "" && len(in) == 1 {
		label = in[0]
	}
	return n.file.program.Module.Graph.Tensors[label]
}

// made is what the program says of the first result.
func (n *node) made() tensorMeta {
	if n.predicted != nil {
		return *n.predicted
	}
	if given := n.gives(); len(given) > 0 {
		return n.file.program.Module.Graph.Tensors[given[0]]
	}
	return tensorMeta{}
}

// rank is the number of axes of an operand.
func (n *node) rank(name string) int { return len(n.meta(name).Sizes) }

// axis is an argument that counts the axes of an operand, from the front.
func (n *node) axis(name, of string) int {
	axis, rank := n.whole(name), max(1, n.rank(of))
	if axis < -rank || axis >= rank {
		n.Refuse("axis %d of %d axes", axis, rank)
		return 0
	}
	return (axis + rank) % rank
}

// axes is a list of them; nil for all.
func (n *node) axes(name, of string) []int {
	axes, rank := n.wholes(name), max(1, n.rank(of))
	for i, axis := range axes {
		if axis < -rank || axis >= rank {
			n.Refuse("axis %d of %d axes", axis, rank)
			return nil
		}
		axes[i] = (axis + rank) % rank
	}
	return axes
}

// fixed is the extents of an operand, which must be known.
func (n *node) fixed(name string) tensor.Shape {
	shape, err := n.meta(name).shape()
	if err != nil && n.Err == nil {
		n.Refuse("the sizes of its operand %q are %w", name, graph.ErrComputed)
	}
	return shape
}
