package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// DynamicLinear is a linear layer on a dynamically quantized input with quantized weights and a
// float32 result: torch.ao.nn.quantized.dynamic.Linear by the rules of the graph's preset.
//
// With ByRow each row of the codes has a scale and a zero point of its own; it is the same under
// every preset:
//
//	act(f32(f32(sum) * f32(s_x[row]*s_w[c])) + bias[c])
//
// Inputs: the results of DynamicQuantize, weight [O, K], optional bias [O] in float32.
// Result: [..., O] in float32.
type DynamicLinear struct {
	Linear Linear `json:"linear"`
	ByRow  bool   `json:"by_row,omitempty"`
}

// Kind is "dynamic_linear".
func (DynamicLinear) Kind() string { return "dynamic_linear" }

// Signatures: codes with signed or unsigned weights to float32.
func (DynamicLinear) Signatures() []graph.Signature { return dynamicWeighted }

// Infer returns [..., O].
func (o DynamicLinear) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 4, 5); err != nil {
		return nil, err
	}
	check := func() error { return checkDynamic(in, 0) }
	if o.ByRow {
		check = func() error { return checkRows(in) }
	}
	if err := check(); err != nil {
		return nil, err
	}
	return o.Linear.Infer(layerFacts(in))
}

// Eval multiplies with exact integer accumulators.
func (o DynamicLinear) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	x, w := dynamicOf(in), centred(in[3])
	channels, k := in[3].Dim(0), in[3].Dim(1)
	if o.ByRow {
		ctx.Numerics = quant.ONNX
	}
	y := tensor.New(f32, outs[0].Shape...)
	size := y.Numel() / max(1, len(x.scales)) // of the rows of one scale
	for part, scale := range x.scales {
		e, err := newDynamicEpilogue(ctx, scale, in, o.Linear.Act, false, channels)
		if err != nil {
			return nil, err
		}
		for i := part * size; i < (part+1)*size; i++ {
			y.Float32s()[i] = e.number(dot(x.codes, w, i/channels*k, i%channels*k, k), i%channels)
		}
	}
	return []*tensor.Tensor{y}, nil
}
