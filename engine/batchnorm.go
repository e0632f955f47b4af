package engine

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// lowerBatchNorm folds each channel's statistics into a multiplier and an offset, by
// the formula of op.BatchNorm.
func lowerBatchNorm(n *graph.Node, b op.BatchNorm, t target) (operation, string) {
	if b.Training {
		return nil, "statistics are those of the batch"
	}
	for _, v := range n.Inputs[1:] {
		if v.Role != graph.Parameter {
			return nil, "statistics are not parameters"
		}
	}
	if n.Inputs[0].Role == graph.Parameter {
		return nil, "its operand is a parameter"
	}
	weight, bias := n.Inputs[1].Data.Float32s(), n.Inputs[2].Data.Float32s()
	mean, variance := n.Inputs[3].Data.Float32s(), n.Inputs[4].Data.Float32s()
	factor, shift := make([]float32, len(weight)), make([]float32, len(weight))
	for c := range weight {
		factor[c] = float32(weight[c] * (1 / float32(math.Sqrt(float64(variance[c]+float32(b.Eps))))))
		shift[c] = bias[c] - float32(mean[c]*factor[c])
	}
	return newChannelwise(factor, shift, b.Act, t), ""
}
