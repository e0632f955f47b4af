package rewrite

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// batchNormArgs are the inputs of a batch norm node behind its activation.
type batchNormArgs struct{ weight, bias, mean, variance *graph.Value }

func argsOf(n *graph.Node) batchNormArgs {
	return batchNormArgs{n.Inputs[1], n.Inputs[2], n.Inputs[3], n.Inputs[4]}
}

// have reports whether there is a number for each of so many channels, as far as shapes tell.
func (a batchNormArgs) have(channels int) bool {
	for _, v := range []*graph.Value{a.weight, a.bias, a.mean, a.variance} {
		if v.Role == graph.Parameter && v.Type.Shape.Numel() != channels {
			return false
		}
	}
	return true
}

// bound reports whether all values have their data.
func bound(values ...*graph.Value) bool {
	for _, v := range values {
		if v != nil && v.Data == nil {
			return false
		}
	}
	return true
}

// foldConv scales the filters of a convolution by its batch norm and returns
// the new weight and bias, to the bit as PyTorch's fuse_conv_bn_weights:
//
//	r  = 1 / sqrt(variance + eps)
//	w' = w * (gamma*r)        per output channel
//	b' = ((b - mean) * r) * gamma + beta
//
// w is [O, I/groups, ...], of a transposed convolution [I, O/groups, ...]; bias is nil for a convolution without, whose b is 0.
// Every operation rounds to float32.
func foldConv(f form, w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
	return fold(f, w, bias, bn, eps, func(centred, r, gamma float32) float32 {
		return float32(float32(centred*r) * gamma)
	})
}

// foldLinear is foldConv for a linear layer, whose bias PyTorch computes in
// another order: b' = (b - mean) * (gamma*r) + beta.
func foldLinear(f form, w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
	return fold(f, w, bias, bn, eps, func(centred, r, gamma float32) float32 {
		return float32(centred * float32(gamma*r))
	})
}

func fold(f form, w, bias *tensor.Tensor, bn batchNormArgs, eps float32, scale func(centred, r, gamma float32) float32) (*tensor.Tensor, *tensor.Tensor) {
	gamma, beta := bn.weight.Data.Float32s(), bn.bias.Data.Float32s()
	mean, variance := bn.mean.Data.Float32s(), bn.variance.Data.Float32s()
	weight := slices.Clone(w.Float32s())
	out := make([]float32, len(gamma))
	for o := range out {
		// float64's square root rounded to float32 is float32's square root.
		r := 1 / float32(math.Sqrt(float64(variance[o]+eps)))
		k := float32(gamma[o] * r)
		f.rows(o, func(from, end int) {
			for i := from; i < end; i++ {
				weight[i] = float32(weight[i] * k)
			}
		})
		var b float32
		if bias != nil {
			b = bias.Float32s()[o]
		}
		out[o] = scale(b-mean[o], r, gamma[o]) + beta[o]
	}
	return tensor.Of(weight, w.Shape()...), tensor.Of(out, len(out))
}
