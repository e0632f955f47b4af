package script

import (
	"fmt"
)

// Value is what an expression stands for: nil (None), bool, int64, float64, string, *List,
// *Tensor, Sym, *Object, Class, Unknown or a value of the Machine that the evaluator hands on.
type Value any

// List is a list or a tuple.
type List struct {
	Items []Value // in order
	Tuple bool    // a tuple, which is never changed
	// Fields are the names of a named tuple's items; nil of others.
	Fields []string
}

// Tensor is a tensor that the Machine knows by its name.
type Tensor struct {
	Name string // empty until the Machine gives it one
}

// Sym is a whole number that depends on the sizes of inputs; the Machine knows it by its name.
type Sym struct {
	Name string // unique in the Machine
}

// Object is a module, or another object of the archive.
type Object struct {
	Class string // with its module: __torch__.torch.nn.modules.conv.Conv2d
	Path  string // of the attributes that lead to it: layer1.0.conv1
	State any    // for the Machine
	set   map[string]Value
}

// Unknown is a value that only a run tells, or none at all.
type Unknown struct {
	Why string // what it is, for messages: a size of the inputs
}

// Type is an element type, device or kind of value that code names.
type Type struct {
	Name string // Tensor, List, cpu
}

// method is a method of an object, or a function where the object is nil.
type method struct {
	of *Object
	fn *function
	// alias is the full name, for messages.
	alias string
}

// builtin is a name of torch or ops, such as torch.relu or ops.quantized.conv2d.
type builtin struct{ name string }

// classValue is a class that is called to make a named tuple.
type classValue struct{ c *class }

// Describe says what a value is, for messages.
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool, int64, float64:
		return fmt.Sprint(v)
	case string:
		return "a text"
	case *List:
		if v.Tuple {
			return "a tuple"
		}
		return "a list"
	case *Tensor:
		return "a tensor"
	case Sym:
		return "a number that depends on the sizes of inputs"
	case *Object:
		return "an object of " + v.Class
	case Unknown:
		return v.Why
	case builtin:
		return v.name
	}
	return fmt.Sprintf("%T", v)
}

// Call is an operator that code calls.
type Call struct {
	Name  string           // torch.relu, ops.quantized.conv2d
	Args  []Value          // in order
	Named map[string]Value // those that code gives by name; may be nil
	In    *Object          // the module whose code calls it
	// Names are how the code calls the results, for the names of nodes; it may be empty.
	Names []string
}

// Machine is what code is followed for.
type Machine interface {
	// Source returns the code of a module, such as __torch__.torch.nn.modules.conv, and the name
	// of its record; an empty text where there is none.
	Source(module string) (record, text string, err error)
	// Attribute returns an attribute of an object as it was stored.
	Attribute(of *Object, name string) (v Value, ok bool, err error)
	// Constant returns the n-th constant.
	Constant(n int) (Value, error)
	// Do does what an operator does.
	Do(c *Call) (Value, error)
	// Item is the number in a tensor of one element; an Unknown where a run tells it.
	Item(t *Tensor) (Value, error)
}
