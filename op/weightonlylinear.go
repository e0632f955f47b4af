package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// WeightOnlyLinear is a linear layer in float32 whose weight is stored as codes: Linear of the
// numbers that they stand for. Each row of the weight, which is an output channel, is cut into
// Groups parts of as many numbers, and each part has a scale and a zero point of its own.
//
// Inputs: x [..., K] in float32, weight [O*Groups, K/Groups] in codes, per tensor or along axis 0,
// optional bias [O]. Result: [..., O] in float32.
type WeightOnlyLinear struct {
	Linear Linear `json:"linear"`
	Groups int    `json:"groups"` // parts of an output channel; 1 is a scale per channel
}

// Kind is "weight_only_linear".
func (WeightOnlyLinear) Kind() string { return "weight_only_linear" }

// Clamp is that of Linear.
func (o WeightOnlyLinear) Clamp() quant.Activation { return o.Linear.Act }

// WithClamp returns the operator with another clamp.
func (o WeightOnlyLinear) WithClamp(a quant.Activation) graph.Op {
	o.Linear.Act = a
	return o
}

// Signatures: float32 with signed or unsigned weights to float32.
func (WeightOnlyLinear) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32, i8, f32}, Out: f32}, {In: []tensor.DType{f32, u8, f32}, Out: f32}}
}

// Matrix is the shape [O, K] of the weight that codes of shape s are.
func (o WeightOnlyLinear) Matrix(s tensor.Shape) (tensor.Shape, error) {
	if len(s) != 2 || o.Groups < 1 || s[0] == 0 || s[0]%o.Groups != 0 {
		return nil, fmt.Errorf("weight has shape %v; expected [O*%d, K/%d]", s, o.Groups, o.Groups)
	}
	return tensor.Shape{s[0] / o.Groups, s[1] * o.Groups}, nil
}

// Infer returns [..., O].
func (o WeightOnlyLinear) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 3); err != nil {
		return nil, err
	}
	if err := checkCodedRows(in[1]); err != nil {
		return nil, err
	}
	w, err := o.Matrix(in[1].Shape)
	if err != nil {
		return nil, err
	}
	layer := append([]graph.Fact{}, in...)
	layer[1] = graph.Fact{Type: graph.Type{DType: f32, Shape: w}}
	return o.Linear.Infer(layer)
}

// checkCodedRows refuses scales that are not those of rows.
func checkCodedRows(w graph.Fact) error {
	if w.Q != nil && !w.Q.IsPerTensor() && w.Q.Axis != 0 {
		return fmt.Errorf("weight is quantized along axis %d; it must be per tensor or along axis 0", w.Q.Axis)
	}
	return nil
}

// Eval is that of Linear.
func (o WeightOnlyLinear) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	s, err := o.Matrix(in[1].Shape())
	if err != nil {
		return nil, err
	}
	w, err := quant.Dequantize(in[1])
	if err != nil {
		return nil, err
	}
	layer := append([]*tensor.Tensor{}, in...)
	layer[1] = tensor.Of(w.Float32s(), s...)
	return o.Linear.Eval(ctx, layer, outs)
}
