package torch

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// Value is a node of a checkpoint: one of None, Bool, Int, BigInt, Float,
// Complex, String, Bytes, DType, Global, *Dict, *List, *Tensor, *PackedLinear,
// *ScriptObject and *Opaque. In a state dict, only None, Bool, Int, Float,
// String, DType, *Tensor, *PackedLinear and *ScriptObject occur.
//
// Containers may be shared: a checkpoint is a directed acyclic graph.
type Value interface{ kind() string }

// Scalars of a checkpoint.
type (
	None    struct{}
	Bool    bool
	Int     int64
	Float   float64
	Complex complex128
	String  string
	Bytes   []byte
	BigInt  string // an integer beyond int64, in decimal

	// DType is an element type as a value: _packed_params.dtype is torch.qint8.
	DType tensor.DType
)

// Global is the name of an inert Python class or constant.
type Global struct{ Module, Name string } // such as collections and OrderedDict

// String joins module and name by a dot.
func (g Global) String() string { return g.Module + "." + g.Name }

// ListKind tells Python's sequences apart.
type ListKind uint8

// The kinds of List.
const (
	PlainList ListKind = iota
	Tuple
	Set
	Size // torch.Size
	FrozenSet
)

// List is a list, tuple, set, frozenset or torch.Size.
type List struct {
	Kind  ListKind // which of them it is
	Items []Value  // in the order of the pickle
}

// Opaque is something that octet does not look into: an object of a class that
// is no container of Python's and no tensor. Global says what it is. Its parts are
// as the file has them: they may refer to the object again, and no limit on depth
// or size holds for them.
type Opaque struct {
	Global Global  // its class
	Args   []Value // what it would be built from
	State  Value   // what it would be filled with; may be nil

	slot uint32 // the last number that the pickle gave it
	why  error  // the reason, where it is not the class
}

// ScriptObject is a packed recurrent cell of a dynamically quantized RNN.
type ScriptObject struct {
	Class string // "__torch__.torch.classes.rnn.CellParamsBase" or that of LinearPackedParamsBase
	State Value  // what __getstate__ of the class gave; nil if the file has none
}

// PackedLinear is the (weight, bias) pair of a quantized Linear.
type PackedLinear struct {
	Weight *Tensor // [out, in], of a quantized type
	Bias   *Tensor // nil where the layer has none
}

func (None) kind() string          { return "None" }
func (Bool) kind() string          { return "a bool" }
func (Int) kind() string           { return "an int" }
func (BigInt) kind() string        { return "a big int" }
func (Float) kind() string         { return "a float" }
func (Complex) kind() string       { return "a complex number" }
func (String) kind() string        { return "a string" }
func (Bytes) kind() string         { return "bytes" }
func (DType) kind() string         { return "a dtype" }
func (g Global) kind() string      { return "the class " + g.String() }
func (*Dict) kind() string         { return "a dict" }
func (*PackedLinear) kind() string { return "packed linear parameters" }
func (*ScriptObject) kind() string { return "a packed recurrent cell" }
func (o *Opaque) kind() string     { return "an object of " + o.Global.String() }
func (t *Tensor) kind() string     { return "a tensor" }
func (l *List) kind() string {
	return [...]string{"a list", "a tuple", "a set", "a torch.Size", "a frozenset"}[l.Kind]
}

// Describe says what a value is: of a tensor its type and shape.
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case *Tensor:
		if v.Data != nil {
			return v.Data.String()
		}
		return v.DType().String() + v.Shape().String()
	case *PackedLinear:
		return "(" + Describe(v.Weight) + ", bias)"
	}
	return v.kind()
}

// Dict is a Python dict, OrderedDict, defaultdict, Counter or an object of another
// subclass of dict, in insertion order.
type Dict struct {
	keys, vals []Value
	index      map[Value]int // built once the dict is too long to scan
	metadata   *Dict         // the _metadata attribute of a state dict
	ordered    bool          // an OrderedDict or another subclass, which may have attributes
}

// Len returns the number of items.
func (d *Dict) Len() int { return len(d.keys) }

// At returns the i-th item.
func (d *Dict) At(i int) (key, val Value) { return d.keys[i], d.vals[i] }

// Get returns the value of a string key.
func (d *Dict) Get(key string) (Value, bool) {
	if i := d.find(String(key)); i >= 0 {
		return d.vals[i], true
	}
	return nil, false
}

// set stores a value as Python does: a later value replaces an earlier one in
// its place. Of the keys that are no scalars (tuples, members of an enum) each
// is taken for a new one: nothing looks them up.
func (d *Dict) set(key, val Value) error {
	if !hashable(key) {
		return fmt.Errorf("%s as a dict key, which Python cannot hash", key.kind())
	}
	if i := d.find(key); i >= 0 {
		d.vals[i] = val
		return nil
	}
	d.keys, d.vals = append(d.keys, key), append(d.vals, val)
	if d.index != nil && isScalar(key) {
		d.index[key] = len(d.keys) - 1
	}
	return nil
}

func hashable(key Value) bool {
	switch key := key.(type) {
	case *Dict:
		return key.ordered // a subclass may say how
	case *List:
		return key.Kind != PlainList && key.Kind != Set
	}
	return true
}

// isScalar reports whether the key can be compared as Go compares.
func isScalar(key Value) bool {
	switch key.(type) {
	case None, Bool, Int, Float, String, DType, Global:
		return true
	}
	return false
}

// find returns the index of a key, -1 for one that is new or no scalar.
func (d *Dict) find(key Value) int {
	const scan = 8
	if !isScalar(key) {
		return -1
	}
	if len(d.keys) > scan && d.index == nil {
		d.index = make(map[Value]int, 2*len(d.keys))
		for i, k := range d.keys {
			if isScalar(k) {
				d.index[k] = i
			}
		}
	}
	if d.index != nil {
		if i, ok := d.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range d.keys {
		if isScalar(k) && k == key {
			return i
		}
	}
	return -1
}
