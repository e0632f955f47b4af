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
// w is [O, I/groups, ...]; bias is nil for a convolution without, whose b is 0.
// Every operation rounds to float32.
func foldConv(w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
	return fold(w, bias, bn, eps, func(centred, r, gamma float32) float32 {
		return float32(float32(centred*r) * gamma)
	})
}

// foldLinear is foldConv for a linear layer, whose bias PyTorch computes in
// another order: b' = (b - mean) * (gamma*r) + beta.
func foldLinear(w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
	return fold(w, bias, bn, eps, func(centred, r, gamma float32) float32 {
		return float32(centred * float32(gamma*r))
	})
}

// foldTransposed is foldConv for the filters of a transposed convolution, [I, O/groups, ...].
func foldTransposed(groups int) func(w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
	return func(w, bias *tensor.Tensor, bn batchNormArgs, eps float32) (*tensor.Tensor, *tensor.Tensor) {
		byChannel, taps := tensor.New(tensor.Float32, w.Shape()...), w.Shape()[2:].Numel()
		inGroup, outGroup := w.Shape()[0]/groups, w.Shape()[1]
		exchange := func(to, from []float32, back bool) {
			for o := range groups * outGroup {
				for i := range inGroup {
					own := ((o/outGroup*inGroup+i)*outGroup + o%outGroup) * taps
					rows := (o*inGroup + i) * taps
					if back {
						own, rows = rows, own
					}
					copy(to[rows:rows+taps], from[own:own+taps])
				}
			}
		}
		exchange(byChannel.Float32s(), w.Float32s(), false)
		folded, b := foldConv(byChannel, bias, bn, eps)
		out := tensor.New(tensor.Float32, w.Shape()...)
		exchange(out.Float32s(), folded.Float32s(), true)
		return out, b
	}
}

func fold(w, bias *tensor.Tensor, bn batchNormArgs, eps float32, scale func(centred, r, gamma float32) float32) (*tensor.Tensor, *tensor.Tensor) {
	gamma, beta := bn.weight.Data.Float32s(), bn.bias.Data.Float32s()
	mean, variance := bn.mean.Data.Float32s(), bn.variance.Data.Float32s()
	weight := slices.Clone(w.Float32s())
	out := make([]float32, len(gamma))
	row := len(weight) / len(gamma)
	for o := range out {
		// float64's square root rounded to float32 is float32's square root.
		r := 1 / float32(math.Sqrt(float64(variance[o]+eps)))
		k := float32(gamma[o] * r)
		for i := o * row; i < (o+1)*row; i++ {
			weight[i] = float32(weight[i] * k)
		}
		var b float32
		if bias != nil {
			b = bias.Float32s()[o]
		}
		out[o] = scale(b-mean[o], r, gamma[o]) + beta[o]
	}
	return tensor.Of(weight, w.Shape()...), tensor.Of(out, len(out))
}
