package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DynamicConv2D is a convolution of dynamically quantized images by quantized weights, with a
// float32 result: ONNX's ConvInteger and the nodes that dequantize its result.
//
// Inputs: the results of DynamicQuantize, weight [O, C/Groups, kh, kw], optional bias [O] in
// float32. Result: that of Conv.
type DynamicConv2D struct {
	Conv Conv2D `json:"conv"`
	// FloorBias adds the bias to the int32 accumulators, divided by their scale and rounded
	// down, as an early quantizer for ONNX writes it.
	FloorBias bool `json:"floor_bias,omitempty"`
}

// Kind is "dynamic_conv2d".
func (DynamicConv2D) Kind() string { return "dynamic_conv2d" }

// Signatures: codes with signed or unsigned weights to float32.
func (DynamicConv2D) Signatures() []graph.Signature { return dynamicWeighted }

// Infer returns [N, O, OH, OW].
func (o DynamicConv2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 4, 5); err != nil {
		return nil, err
	}
	if err := checkDynamic(in, 0); err != nil {
		return nil, err
	}
	return o.Conv.Infer(layerFacts(in))
}

// Eval convolves with exact integer accumulators.
func (o DynamicConv2D) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	x, w, out := dynamicOf(in), in[3], outs[0].Shape
	e, err := newDynamicEpilogue(ctx, x.scales[0], in, o.Conv.Act, o.FloorBias, w.Dim(0))
	if err != nil {
		return nil, err
	}
	y := tensor.New(f32, out...)
	plane := out[2] * out[3]
	convolve(o.Conv, x.codes, centred(w), x.shape, w.Shape(), out, func(n, c int, sums []int32) {
		for i, v := range sums {
			y.Float32s()[(n*out[1]+c)*plane+i] = e.number(v, c)
		}
	})
	return []*tensor.Tensor{y}, nil
}
