package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// WeightOnly returns a copy of a float graph in which linear layers and embeddings whose weights
// are constant codes, that only stand for numbers, keep them so. Other constants that are
// dequantized become float ones. The graph has the preset onnx where a layer has codes.
func WeightOnly(g *graph.Graph) (*graph.Graph, error) {
	return graph.Rewrite(g,
		graph.Pass{Name: "weights of codes alone", Run: weightsOfCodes},
		graph.Pass{Name: "dequantize constants", Run: dequantizeConstants},
		graph.Pass{Name: "sums behind layers are biases", Run: biasOfSums},
	)
}

// weightsOfCodes makes layers whose weights are codes of products with dequantized constants.
func weightsOfCodes(g *graph.Graph) (changed bool, err error) {
	for _, n := range g.Nodes {
		o, in := weightOnly(n)
		if o == nil {
			continue
		}
		n.Op, n.Inputs = o, in
		if g.Numerics == quant.NumericsUnset {
			g.Numerics = quant.ONNX
		}
		for _, v := range in {
			if v.Role == graph.Parameter && !slices.Contains(g.Params, v) {
				g.Params = append(g.Params, v)
			}
		}
		changed = true
	}
	return changed, nil
}

// weightOnly is the operator of n that keeps its weight in codes, and its operands; nil where there
// is none.
func weightOnly(n *graph.Node) (graph.Op, []*graph.Value) {
	if n.Output().Type.DType != tensor.Float32 {
		return nil, nil
	}
	switch o := n.Op.(type) {
	case op.Linear:
		if w := codedMatrix(n.Inputs[1], false); w != nil && n.Inputs[0].Type.DType == tensor.Float32 {
			return op.WeightOnlyLinear{Linear: o, Groups: w.groups}, append([]*graph.Value{n.Inputs[0], w.codes}, n.Inputs[2:]...)
		}
	case op.MatMul:
		if w := codedMatrix(n.Inputs[1], true); w != nil && n.Inputs[0].Role != graph.Parameter {
			return op.WeightOnlyLinear{Groups: w.groups}, []*graph.Value{n.Inputs[0], w.codes}
		}
	case op.Gather:
		if w := codedMatrix(n.Inputs[0], false); w != nil && w.groups == 1 && o.Axis == 0 {
			return op.WeightOnlyEmbedding{}, []*graph.Value{w.codes, n.Inputs[1]}
		}
	case op.Mul:
		return spelledEmbedding(n, o)
	}
	return nil, nil
}

// coded is a matrix of codes, [rows*groups, columns/groups], with one scale or those of rows.
type coded struct {
	codes  *graph.Value
	groups int
}

// codedMatrix returns what constant codes the matrix v, or its transpose, is dequantized from; nil
// where it is not, or not by rows.
func codedMatrix(v *graph.Value, transposed bool) *coded {
	if v.Node == nil {
		return nil
	}
	switch o := v.Node.Op.(type) {
	case op.Transpose:
		if slices.Equal(o.Perm, []int{1, 0}) {
			return codedMatrix(v.Node.Inputs[0], !transposed)
		}
	case op.Reshape:
		from := v.Node.Inputs[0]
		if transposed || len(v.Node.Inputs) != 1 || len(o.Shape) != 2 || from.Node == nil {
			return nil
		}
		w := codedMatrix(from, false)
		if w == nil || w.groups != 1 {
			return nil
		}
		if s := w.codes.Data.Shape(); o.Shape[0] > 0 && s[0]%o.Shape[0] == 0 && s.Numel() == o.Shape[0]*o.Shape[1] {
			return &coded{w.codes, s[0] / o.Shape[0]}
		}
	case op.Dequantize:
		codes := v.Node.Inputs[0]
		if codes.Role != graph.Parameter || codes.Data == nil || len(codes.Data.Shape()) != 2 || codes.Data.Numel() == 0 {
			return nil
		}
		q := codes.Data.QParams()
		if q == nil || q.FloatZeroPoints != nil || codes.Type.DType != tensor.QInt8 && codes.Type.DType != tensor.QUInt8 {
			return nil
		}
		if !transposed && (q.IsPerTensor() || q.Axis == 0) {
			return &coded{codes, 1}
		}
	}
	return nil
}

// spelledEmbedding finds rows of codes that are multiplied with the scales of the rows, as files
// write them so that a runtime does not dequantize the whole table:
//
//	Mul(real(Gather(codes, index)), Gather(scales, index))
func spelledEmbedding(n *graph.Node, o op.Mul) (graph.Op, []*graph.Value) {
	if o != (op.Mul{}) {
		return nil, nil
	}
	for i, v := range n.Inputs {
		table, index := rowsOfTable(v, true)
		scales, same := rowsOfTable(n.Inputs[1-i], false)
		if table == nil || scales == nil || index != same {
			continue
		}
		s := table.Data.Shape()
		if len(s) != 2 || s.Numel() == 0 || !scales.Data.Shape().Equal(tensor.Shape{s[0], 1}) || scales.Data.Load() != nil || table.Data.Load() != nil {
			continue
		}
		q := parametersOf(scales.Data, tensor.Of([]int64{0}, 1), s[0])
		if q == nil {
			continue
		}
		codes := codesIn(table.Data.Int64s(), q, s, func(i int) int { return i })
		if codes == nil {
			continue
		}
		return op.WeightOnlyEmbedding{}, []*graph.Value{{Name: table.Name + "/codes", Role: graph.Parameter, Type: graph.TypeOf(codes), Data: codes}, index}
	}
	return nil, nil
}

// rowsOfTable returns the table whose rows v is, whole numbers that v casts or real ones, and the
// index; nil where v is none.
func rowsOfTable(v *graph.Value, whole bool) (table, index *graph.Value) {
	want := tensor.Float32
	if whole {
		want = tensor.Int64
		if v.Node == nil || v.Node.Op != (op.Cast{To: tensor.Float32}) {
			return nil, nil
		}
		v = v.Node.Inputs[0]
	}
	if v.Node == nil || v.Node.Op != (op.Gather{}) {
		return nil, nil
	}
	table = v.Node.Inputs[0]
	if table.Role != graph.Parameter || table.Data == nil || table.Type.DType != want {
		return nil, nil
	}
	return table, v.Node.Inputs[1]
}
