package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

const (
	f32 = tensor.Float32
	u8  = tensor.QUInt8
	i8  = tensor.QInt8
)

// each returns one signature per element type, which n inputs and the result have.
func each(n int, types ...tensor.DType) []graph.Signature {
	sigs := make([]graph.Signature, len(types))
	for i, t := range types {
		sigs[i].Out = t
		for range n {
			sigs[i].In = append(sigs[i].In, t)
		}
	}
	return sigs
}

// keeping marks signatures as keeping the input's quantization parameters.
func keeping(sigs []graph.Signature) []graph.Signature {
	for i := range sigs {
		sigs[i].SameQ = true
	}
	return sigs
}

// weighted are the signatures of convolutions and linear: x, weight, optional bias. The usual
// ones come first. There is none from quint8 weights to float32: a weight that is itself an
// activation has such codes, and is dequantized if the layer stays in float.
var weighted = func() []graph.Signature {
	sigs := []graph.Signature{{In: []tensor.DType{f32, f32, f32}, Out: f32}}
	for _, w := range []tensor.DType{i8, u8} {
		for _, x := range []tensor.DType{u8, i8} {
			in := []tensor.DType{x, w, f32}
			sigs = append(sigs, graph.Signature{In: in, Out: u8}, graph.Signature{In: in, Out: i8})
			if w == i8 {
				sigs = append(sigs, graph.Signature{In: in, Out: f32})
			}
		}
	}
	return sigs
}()

// anyType is the signature of operators that only move elements: codes keep their parameters.
var anyType = []graph.Signature{{In: []tensor.DType{graph.T}, Out: graph.T, SameQ: true}}
