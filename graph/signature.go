package graph

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// T is the type variable of signatures: any element type, the same one wherever it stands
// in one signature. Operators that only move data have one signature with it.
const T = tensor.DType(255)

// Signature is one accepted combination of element types.
type Signature struct {
	// In holds the types of the inputs. An optional trailing input (a bias) may
	// be missing. With Variadic the last entry repeats.
	In       []tensor.DType
	Variadic bool
	// Out is the type of the first result, and of those behind it that Rest does
	// not name.
	Out  tensor.DType
	Rest []tensor.DType
	// SameQ says that quantized results keep the quantization parameters of the first
	// input, because the operator only selects, moves or averages values.
	SameQ bool
	// FixedQ, where set, are the quantization parameters that the result always
	// has, because the operator's range is known: 1/256 and 0 behind a sigmoid.
	FixedQ *tensor.QParams
}

// Input is the element type of input i, and false where there is none.
func (s Signature) Input(i int) (tensor.DType, bool) {
	if len(s.In) == 0 || i >= len(s.In) && !s.Variadic {
		return tensor.Invalid, false
	}
	return s.In[min(i, len(s.In)-1)], true
}

// Result is the element type of result i.
func (s Signature) Result(i int) tensor.DType {
	if i > 0 && i <= len(s.Rest) {
		return s.Rest[i-1]
	}
	return s.Out
}

// Gives reports whether the first result may be of type d.
func (s Signature) Gives(d tensor.DType) bool { return s.Out == d || s.Out == T }

// With returns s with d for its type variable.
func (s Signature) With(d tensor.DType) Signature {
	put := func(list []tensor.DType) []tensor.DType {
		list = slices.Clone(list)
		for i := range list {
			if list[i] == T {
				list[i] = d
			}
		}
		return list
	}
	s.In, s.Rest = put(s.In), put(s.Rest)
	if s.Out == T {
		s.Out = d
	}
	return s
}

// Bound returns s with the element type for its variable that results of the
// given types demand; where no result has the variable, the first input that has
// it decides.
func (s Signature) Bound(in, out []Type) Signature {
	for i, t := range out {
		if s.Result(i) == T {
			return s.With(t.DType)
		}
	}
	for i, t := range in {
		if want, ok := s.Input(i); ok && want == T {
			return s.With(t.DType)
		}
	}
	return s
}

// Matches reports whether the signature covers a node with these types.
func (s Signature) Matches(in, out []Type) bool {
	if !s.takes(in) {
		return false
	}
	s = s.Bound(in, out)
	for i, t := range in {
		if want, _ := s.Input(i); t.DType != want {
			return false
		}
	}
	for i, t := range out {
		if t.DType != s.Result(i) || !s.quantizes(in, t) {
			return false
		}
	}
	return true
}

// quantizes reports whether a result has the parameters that s prescribes, if it does.
func (s Signature) quantizes(in []Type, result Type) bool {
	if s.FixedQ != nil && !s.FixedQ.Equal(result.Q) {
		return false
	}
	return !s.SameQ || !result.DType.IsQuantized() || in[0].Q.Equal(result.Q)
}

// takes reports whether s has room for these inputs.
func (s Signature) takes(in []Type) bool {
	_, ok := s.Input(len(in) - 1)
	return len(in) > 0 && ok
}

// prescribes returns the type of the results of a node with these inputs, where it
// follows from them: always for plain element types; for quantized ones if the operator
// keeps the parameters of its first input or has fixed ones.
func (s Signature) prescribes(in []Type, i int) (Type, bool) {
	d := s.Bound(in, nil).Result(i)
	switch {
	case !d.IsQuantized():
		return Type{DType: d}, d != T
	case s.FixedQ != nil:
		return Type{DType: d, Q: s.FixedQ}, true
	case s.SameQ && in[0].DType == d:
		return Type{DType: d, Q: in[0].Q}, true
	}
	return Type{}, false
}

// Prescribed returns the type of n's results where it follows from the first input: n
// selects, moves or averages quantized values, or maps them to a known range. It is false
// for operators whose result has parameters of its own, and for floats.
func (n *Node) Prescribed() (Type, bool) {
	in := n.Inputs[0].Type
	for _, s := range n.Op.Signatures() {
		if in.Q == nil || s.In[0] != in.DType && s.In[0] != T {
			continue
		}
		if t, ok := s.prescribes(n.inputTypes(), 0); ok && t.DType == in.DType {
			return t, true
		}
	}
	return Type{}, false
}

// CheckSignature returns an error that names the node and the types when no
// signature of its operator covers it.
func (n *Node) CheckSignature() error {
	in, out := n.inputTypes(), n.resultTypes()
	for _, s := range n.Op.Signatures() {
		if s.Matches(in, out) {
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
	return fmt.Errorf("%s -> %v; insert quantize or dequantize, or keep the node in float", msg, out[0].DType)
}

func (n *Node) inputTypes() []Type { return typesOf(n.Inputs) }

func (n *Node) resultTypes() []Type { return typesOf(n.Outputs) }

func typesOf(values []*Value) []Type {
	types := make([]Type, len(values))
	for i, v := range values {
		types[i] = v.Type
	}
	return types
}
