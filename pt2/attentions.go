package pt2

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var attentions = map[string]importer{
	"scaled_dot_product_attention.default": readAttention,
}

// readAttention reads softmax(query * key' * scale + mask) * value.
func readAttention(n *node) ([]*graph.Value, error) {
	q, k, v, mask := n.tensor("query"), n.tensor("key"), n.tensor("value"), n.optional("attn_mask")
	if p := n.real("dropout_p"); p != 0 {
		n.Refuse("with dropout of %v, whose results are random: export the model after model.eval()", p)
	}
	if n.flag("enable_gqa") {
		n.Refuse("heads that share keys are not read")
	}
	rank := n.rank("key")
	if n.Err == nil && rank < 2 {
		n.Refuse("keys of %d axes", rank)
	}
	if n.Err != nil {
		return nil, n.Err
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-2], perm[rank-1] = rank-1, rank-2
	width := n.meta("query").Sizes[n.rank("query")-1]
	scale := 0.0
	switch {
	case !n.none("scale"):
		scale = n.real("scale")
	case width.fixed && width.size > 0:
		scale = 1 / math.Sqrt(float64(width.size))
	default:
		n.Refuse("the width of its queries is %w", graph.ErrComputed)
	}
	scores := n.Do(op.Mul{}, n.Do(op.MatMul{}, q, n.Do(op.Transpose{Perm: perm}, k)), n.Scalar(float32(scale)))
	never := n.Scalar(float32(math.Inf(-1)))
	switch {
	case n.Err != nil:
	case n.flag("is_causal"):
		seen := n.Do(relation("le"), n.Count(n.Extent(k, -2)), n.Along(-2, n.Count(n.Extent(q, -2))))
		scores = n.Do(op.Where{}, seen, scores, never)
	case mask == nil:
	case mask.Type.DType == tensor.Bool:
		scores = n.Do(op.Where{}, mask, scores, never)
	default:
		scores = n.Do(op.Add{}, scores, mask)
	}
	return n.Result(op.MatMul{}, n.Do(op.Softmax{Axis: -1}, scores), v)
}
