package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DynamicMatMul multiplies dynamically quantized matrices, with a float32 result:
//
//	f32(sum) * f32(s_a*s_b)
//
// Inputs: the results of DynamicQuantize for a [..., M, K] and for b [..., K, N], whose leading
// axes broadcast. Result: [..., M, N] in float32.
type DynamicMatMul struct{}

// Kind is "dynamic_matmul".
func (DynamicMatMul) Kind() string { return "dynamic_matmul" }

// Signatures: codes to float32.
func (DynamicMatMul) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{byte8, f32, byte8, byte8, f32, byte8}, Out: f32}}
}

// Infer returns [..., M, N].
func (DynamicMatMul) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 6, 6); err != nil {
		return nil, err
	}
	for _, at := range []int{0, 3} {
		if err := checkDynamic(in, at); err != nil {
			return nil, err
		}
	}
	shapes := []graph.Fact{{Type: graph.Type{DType: u8, Shape: in[0].Shape}}, {Type: graph.Type{DType: u8, Shape: in[3].Shape}}}
	types, err := MatMul{}.Infer(shapes)
	if err != nil {
		return nil, err
	}
	return float(types[0].Shape)
}

// Eval multiplies with exact integer accumulators.
func (DynamicMatMul) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	a, b := dynamicOf(in), dynamicOf(in[3:])
	y := tensor.New(f32, outs[0].Shape...)
	scale := a.scales[0] * b.scales[0]
	products(a.codes, b.codes, a.shape, b.shape, outs[0].Shape, func(i int, sum int32) { y.Float32s()[i] = float32(sum) * scale })
	return []*tensor.Tensor{y}, nil
}
