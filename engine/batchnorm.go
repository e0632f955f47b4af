package engine

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/op"
)

// lowerBatchNorm makes a factor and a summand of each channel's statistics, by
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
	o := newPointwise32(elementwise32.Affine, b.Act, t)
	o.b, o.c = make([]float32, len(weight)), make([]float32, len(weight))
	for c := range weight {
		o.b[c] = float32(weight[c] * (1 / float32(math.Sqrt(float64(variance[c]+float32(b.Eps))))))
		o.c[c] = bias[c] - float32(mean[c]*o.b[c])
	}
	return batchNorm{o, evaluation{n, graph.Context{Numerics: t.numerics}}}, ""
}

// batchNorm is an affine function of each channel where the channels come last
// in memory, and is left to the operator elsewhere.
type batchNorm struct {
	pointwise32
	other evaluation
}

func (b batchNorm) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	if rank := len(out.Shape); rank != 2 && rank != 4 {
		return b.other.fix(in, out, threads)
	}
	return b.pointwise32.fix(in, out, threads)
}
