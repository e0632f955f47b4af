package graph

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Type is what is known of a value before it is computed.
type Type struct {
	DType tensor.DType
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

// Value is an edge of the graph: an input, a parameter or the result of a node.
type Value struct {
	// Name is unique in its graph. A result bears the name of its node, a
	// parameter its key in PyTorch's state dict.
	Name string
	Role Role
	Type Type

	Node *Node          // the producer of a Result
	Data *tensor.Tensor // of a Parameter; nil until a state dict has been bound
}

// Node applies an operator to values and gives one result.
type Node struct {
	// Name is the path of the PyTorch module (layer1.0.conv1), or, for a
	// function call, a name derived from it. Fusion keeps the first member's.
	Name   string
	Op     Op
	Inputs []*Value
	Output *Value
	// Note says why the node is as it is, where a user would ask: "kept float:
	// excluded by name", "inserted: layer4.0.conv2 needs quint8".
	Note string
}

// Context is what an operator needs to know of the graph it is evaluated in.
type Context struct {
	Numerics quant.Numerics
}

// Op is an operator: its attributes are the fields of the implementing struct,
// which is a plain value with JSON tags.
type Op interface {
	// Kind is the operator's name in PyTorch's words: conv2d, add, max_pool2d.
	Kind() string
	// Infer returns the shape of the result for inputs of the given types, all
	// of which carry shapes, or an error that says what does not fit.
	Infer(in []Type) (tensor.Shape, error)
	// Signatures lists the combinations of types that Eval computes. For others
	// a rewrite puts Quantize or Dequantize in between.
	Signatures() []Signature
	// Eval computes the result, slowly and obviously, from the numeric contract.
	// out is the type of the result with its shape. It is the oracle of the
	// engine's kernels. The inputs match one of the signatures.
	Eval(ctx Context, in []*tensor.Tensor, out Type) (*tensor.Tensor, error)
}

// Signature is one accepted combination of element types.
type Signature struct {
	// In holds the types of the inputs. An optional trailing input (a bias) may
	// be missing. With Variadic the last entry repeats.
	In       []tensor.DType
	Variadic bool
	Out      tensor.DType
	// SameQ says that the result keeps the quantization parameters of the first
	// input, because the operator only selects, moves or averages codes.
	SameQ bool
	// FixedQ, where set, are the quantization parameters that the result always
	// has, because the operator's range is known: 1/256 and 0 behind a sigmoid.
	FixedQ *tensor.QParams
}

// Matches reports whether the signature covers a node with these types.
func (s Signature) Matches(in []Type, out Type) bool {
	if out.DType != s.Out || len(in) == 0 {
		return false
	}
	if len(in) > len(s.In) && !s.Variadic {
		return false
	}
	for i, t := range in {
		want := s.In[min(i, len(s.In)-1)]
		if t.DType != want {
			return false
		}
	}
	if s.FixedQ != nil && !s.FixedQ.Equal(out.Q) {
		return false
	}
	return !s.SameQ || in[0].Q.Equal(out.Q)
}

// Prescribed returns the type of n's result where that follows from the first
// input, whose codes n selects, moves, averages or maps to a known range. It is
// false for operators whose result has parameters of its own, and for floats.
func (n *Node) Prescribed() (Type, bool) {
	in := n.Inputs[0].Type
	for _, s := range n.Op.Signatures() {
		switch {
		case s.Out != in.DType || in.Q == nil:
		case s.FixedQ != nil:
			return Type{DType: s.Out, Q: s.FixedQ}, true
		case s.SameQ:
			return Type{DType: in.DType, Q: in.Q}, true
		}
	}
	return Type{}, false
}

// CheckSignature returns an error that names the node and the types when no
// signature of its operator covers it.
func (n *Node) CheckSignature() error {
	in := make([]Type, len(n.Inputs))
	for i, v := range n.Inputs {
		in[i] = v.Type
	}
	for _, s := range n.Op.Signatures() {
		if s.Matches(in, n.Output.Type) {
			return nil
		}
	}
	msg := fmt.Sprintf("%s (%s): no rule for", n.Name, n.Op.Kind())
	for i, t := range in {
		if i > 0 {
			msg += ","
		}
		msg += " " + t.DType.String()
	}
	return fmt.Errorf("%s -> %v; insert quantize or dequantize, or keep the node in float", msg, n.Output.Type.DType)
}
