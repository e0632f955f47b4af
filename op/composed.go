package op

import (
	"encoding/json"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Composed applies functions of one number one after another. In float the result is the same
// as without composing; on codes all are one table with one rounding, where each alone would
// round to codes.
//
// Input: x, any shape. Result: the shape of x.
type Composed struct {
	Functions []Unary // the first is applied first; at least two, none of them Composed
}

// Kind is "composed".
func (Composed) Kind() string { return "composed" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Composed) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (o Composed) Infer(in []graph.Fact) ([]graph.Type, error) {
	if len(o.Functions) < 2 {
		return nil, fmt.Errorf("%d functions are composed; expected at least two", len(o.Functions))
	}
	for _, f := range o.Functions {
		if _, nested := f.(Composed); nested {
			return nil, fmt.Errorf("composed functions are composed; expected one list")
		}
		if _, err := f.Infer(in); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Kind(), err)
		}
	}
	return inferSame(in)
}

// Real applies all functions.
func (o Composed) Real(x float32) float32 {
	for _, f := range o.Functions {
		x = f.Real(x)
	}
	return x
}

// Rule is that of quant.NewFunction.
func (o Composed) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o Composed) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient is the product of the derivatives.
func (o Composed) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	steps := []*tensor.Tensor{in[0]}
	for _, f := range o.Functions[:len(o.Functions)-1] {
		y, err := evalUnary(f, graph.Context{}, steps[len(steps)-1], graph.Type{DType: f32, Shape: in[0].Shape()})
		if err != nil {
			return nil, err
		}
		steps = append(steps, y[0])
	}
	for i := len(steps) - 1; i >= 0; i-- {
		f, ok := o.Functions[i].(Differentiable)
		if !ok {
			return nil, fmt.Errorf("%s has no gradient", o.Functions[i].Kind())
		}
		down, err := f.Gradient(steps[i:i+1], up)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Functions[i].Kind(), err)
		}
		up = down[0]
	}
	return []*tensor.Tensor{up}, nil
}

// composedFunction is a function in JSON.
type composedFunction struct {
	Op    string          `json:"op"`
	Attrs json.RawMessage `json:"attrs,omitempty"`
}

// MarshalJSON writes the list of functions, each with its kind and attributes.
func (o Composed) MarshalJSON() ([]byte, error) {
	list := make([]composedFunction, len(o.Functions))
	for i, f := range o.Functions {
		attrs, err := json.Marshal(f)
		if err != nil {
			return nil, err
		}
		list[i] = composedFunction{f.Kind(), attrs}
	}
	return json.Marshal(map[string]any{"functions": list})
}

// composedRow is the operator's row. Decoding is no method of Composed, since that would link
// all operators into every program.
func composedRow() row {
	zero := Composed{Functions: []Unary{Hardswish{}, ScaleShift{Scale: 1.5, Shift: -0.25}}}
	return row{zero.Kind(), zero, func(attrs []byte) (graph.Op, error) {
		var doc struct {
			Functions []composedFunction `json:"functions"`
		}
		if err := decodeStrictly(attrs, &doc); err != nil {
			return nil, fmt.Errorf("attributes of %s: %w", zero.Kind(), err)
		}
		var o Composed
		for _, f := range doc.Functions {
			if f.Op == zero.Kind() {
				return nil, fmt.Errorf("composed functions are composed; expected one list")
			}
			v, err := Decode(f.Op, f.Attrs)
			if err != nil {
				return nil, err
			}
			u, ok := v.(Unary)
			if !ok {
				return nil, fmt.Errorf("%s is no function of one number", f.Op)
			}
			o.Functions = append(o.Functions, u)
		}
		return o, nil
	}}
}
