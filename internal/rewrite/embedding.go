package rewrite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// fuseEmbedding makes codes of the table of an embedding, which files hold as whole numbers of
// eight bits: the rows that are read are dequantized by n. It reports whether n does that.
func fuseEmbedding(g *graph.Graph, n *graph.Node, d op.DequantizeWhole) bool {
	rows := n.Inputs[0]
	if rows.Node == nil || g.SoleConsumer(rows) != n || d.Block != 0 {
		return false
	}
	if _, ok := rows.Node.Op.(op.Gather); !ok {
		return false
	}
	for _, v := range []*graph.Value{rows.Node.Inputs[0], n.Inputs[1], n.Inputs[2]} {
		if v.Role != graph.Parameter || v.Data == nil {
			return false
		}
	}
	table, scale, zero := rows.Node.Inputs[0].Data, n.Inputs[1].Data, n.Inputs[2].Data
	if table.DType() != tensor.Int64 || scale.DType() != tensor.Float32 || zero.DType() != tensor.Int64 || scale.Numel() != 1 || zero.Numel() != 1 {
		return false
	}
	q := valid(tensor.Affine(float64(scale.Float32s()[0]), zero.Int64s()[0]))
	if q == nil {
		return false
	}
	codes := codesIn(table.Int64s(), q, table.Shape(), func(i int) int { return i })
	if codes == nil {
		return false
	}
	rows.Node.Inputs[0] = g.AddConst(rows.Name+"/table", codes)
	rows.Type = graph.TypeOf(codes)
	rows.Type.Shape = nil
	n.Op, n.Inputs = op.Dequantize{}, n.Inputs[:1]
	return true
}
