package graph

import (
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Type is what is known of a value before it is computed.
type Type struct {
	DType tensor.DType    // of the elements
	Shape tensor.Shape    // nil where any size is accepted
	Q     *tensor.QParams // set exactly for quantized dtypes
}

// Float32 is the type of a float activation of any size.
var Float32 = Type{DType: tensor.Float32}

// String formats the type as text dumps show it: quint8 (scale=0.02 zero_point=3).
func (t Type) String() string {
	s := t.DType.String()
	if t.Shape != nil {
		s += t.Shape.String()
	}
	if t.Q != nil {
		s += " (" + t.Q.String() + ")"
	}
	return s
}

// TypeOf returns the type of a tensor, shape included.
func TypeOf(t *tensor.Tensor) Type {
	return Type{DType: t.DType(), Shape: t.Shape(), Q: t.QParams()}
}

// Role says where a value comes from.
type Role uint8

// The roles.
const (
	Result    Role = iota // computed by a node
	Input                 // given for each run
	Parameter             // part of the model
)

// Value is an edge of the graph: an input, a parameter or a result of a node.
type Value struct {
	// Name is unique in its graph. The first result of a node bears the node's
	// name, further ones that name with ":1", ":2"; a parameter its key in PyTorch's
	// state dict.
	Name string
	Role Role // Input, Parameter or Result
	Type Type // of a Result without a shape: Infer finds that for given inputs

	// Sizes declares the extents of an Input, 0 where any is accepted; nil declares
	// nothing. They tell callers what to pass; Infer checks what they passed.
	Sizes []int

	Node *Node          // the producer of a Result
	Data *tensor.Tensor // of a Parameter; nil until a state dict has been bound
}

// Node applies an operator to values.
type Node struct {
	// Name is the path of the PyTorch module (layer1.0.conv1), or, for a
	// function call, a name derived from it. Fusion keeps the first member's.
	Name    string
	Op      Op       // operator with its attributes
	Inputs  []*Value // in the operator's order; optional ones at the end may be missing
	Outputs []*Value // one at least
	// Note says why the node is as it is, where a user would ask: "kept float:
	// excluded by name", "inserted: layer4.0.conv2 needs quint8".
	Note string
}

// Output is the first result, the only one of most operators.
func (n *Node) Output() *Value { return n.Outputs[0] }

// Context is what an operator needs to know of the graph it is evaluated in.
type Context struct {
	Numerics quant.Numerics // the rules of rounding
}

// Fact is what inference knows of a value for inputs of some shapes: its type, shape
// included, and its data if it is a constant, which does not depend on the data of the
// inputs.
type Fact struct {
	Type
	Data *tensor.Tensor // nil unless the value is a constant
	// Deferred says that the shape depends on data and is known only at run time. Shape
	// is then an upper bound for results of a Deferring operator, and nil for values
	// computed from those.
	Deferred bool
}

// FactsOf returns the facts of tensors as constants.
func FactsOf(tensors ...*tensor.Tensor) []Fact {
	facts := make([]Fact, len(tensors))
	for i, t := range tensors {
		facts[i] = Fact{Type: TypeOf(t), Data: t}
	}
	return facts
}

// Op is an operator: its attributes are the fields of the implementing struct,
// which is a plain value with JSON tags.
type Op interface {
	// Kind is the operator's name in PyTorch's words: conv2d, add, max_pool2d.
	Kind() string
	// Infer returns the type of every result, shape included, or an error that says what
	// does not fit. The types of the inputs have shapes. For a quantized result only the
	// shape counts: the graph declares its element type and parameters.
	Infer(in []Fact) ([]Type, error)
	// Signatures lists the combinations of element types that Eval computes. For
	// others a rewrite puts Quantize or Dequantize in between.
	Signatures() []Signature
	// Eval is the reference implementation: it computes the results, slowly and
	// obviously, by the numeric contract. The inputs match one of the signatures; out has
	// the types of the results with shapes. The engine's kernels are tested against it.
	Eval(ctx Context, in []*tensor.Tensor, out []Type) ([]*tensor.Tensor, error)
}

// Multiple is an operator with more than one result.
type Multiple interface {
	Op
	Results() int // 1 or more, decided by the attributes
}

// ShapeReader is an operator whose results follow from the types of its inputs alone,
// such as Shape.
type ShapeReader interface {
	Op
	// Read returns the results, as Eval would for inputs of these types.
	Read(in []Type) []*tensor.Tensor
}

// Deferring is an operator whose results may have sizes that are known only at run time,
// such as NonZero.
type Deferring interface {
	Op
	// Defers reports whether the sizes of the results depend on data that is not
	// constant. Infer then returns upper bounds; the results of Eval have the actual
	// sizes.
	Defers(in []Fact) bool
}
