package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DynamicLinear is a linear layer on a dynamically quantized input with quantized weights and a
// float32 result: torch.ao.nn.quantized.dynamic.Linear by the rules of the graph's preset.
//
// Inputs: the results of DynamicQuantize, weight [O, K], optional bias [O] in float32.
// Result: [..., O] in float32.
type DynamicLinear struct {
	Linear Linear `json:"linear"`
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
	if err := checkDynamic(in, 0); err != nil {
		return nil, err
	}
	return o.Linear.Infer(layerFacts(in))
}

// Eval multiplies with exact integer accumulators.
func (o DynamicLinear) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	x, w := dynamicOf(in), centred(in[3])
	channels, k := in[3].Dim(0), in[3].Dim(1)
	e, err := newDynamicEpilogue(ctx, in, o.Linear.Act, false, channels)
	if err != nil {
		return nil, err
	}
	y := tensor.New(f32, outs[0].Shape...)
	for i := range y.Float32s() {
		y.Float32s()[i] = e.number(dot(x.codes, w, i/channels*k, i%channels*k, k), i%channels)
	}
	return []*tensor.Tensor{y}, nil
}
