package rewrite

import (
	"reflect"
	"slices"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// ONNX has no operator that quantizes rows by ranges of their own. Files spell it:
//
//	hi, lo = max(amax(x), 0), min(amin(x), 0)
//	wide   = (hi - lo) / 255
//	scale  = where(wide == 0, 1, wide)
//	point  = round(min(max(-(lo / scale), 0), 255))
//	codes  = min(max(round(x / scale) + point, 0), 255)
//
// over the last axis, with codes and points in uint8.

// rowSpelling is a graph of that.
type rowSpelling struct{ x, scale, point, codes *graph.Value }

func spellRows() rowSpelling {
	g := graph.New("rows")
	x := g.AddInput("x", graph.Float32)
	number := func(v float32) *graph.Value { return g.AddConst("", tensor.Of([]float32{v})) }
	zero, one, most := number(0), number(1), number(255)
	do := func(o graph.Op, in ...*graph.Value) *graph.Value { return g.AddNode("", o, in...) }
	largest, smallest := op.Pairwise{Name: "maximum"}, op.Pairwise{Name: "minimum"}
	round := op.Function{Name: "round"}
	over := func(name string) op.Reduce { return op.Reduce{Name: name, Axes: []int{-1}, KeepDim: true} }
	hi, lo := do(largest, do(over("amax"), x), zero), do(smallest, do(over("amin"), x), zero)
	wide := do(op.Div{}, do(op.Sub{}, hi, lo), most)
	scale := do(op.Where{}, do(op.Relation{Name: "eq"}, wide, zero), one, wide)
	point := do(round, do(smallest, do(largest, do(op.Function{Name: "neg"}, do(op.Div{}, lo, scale)), zero), most))
	codes := do(smallest, do(largest, do(op.Add{}, do(round, do(op.Div{}, x, scale)), point), zero), most)
	return rowSpelling{x, scale, point, codes}
}

var spelledRows = sync.OnceValue(spellRows)

// wrapped is the cast of codes to uint8, as graphs have it.
var wrapped = op.Cast{To: tensor.Int64, Via: tensor.UInt8}

// fuseRows makes one operator of the spelling whose codes n casts to uint8.
func fuseRows(g *graph.Graph, n *graph.Node) bool {
	spelled, found := spelledRows(), map[*graph.Value]*graph.Value{}
	if !matches(n.Inputs[0], spelled.codes, found) {
		return false
	}
	scale, point := found[spelled.scale], found[spelled.point]
	last := len(g.Nodes)
	q := g.AddNode(n.Name+"/rows", op.DynamicQuantize{ByRow: true}, found[spelled.x]).Node
	// It stands where the scale does, which others read before the codes.
	g.Nodes = slices.Insert(g.Nodes[:last], slices.Index(g.Nodes, scale.Node), q)
	n.Op, n.Inputs = op.Cast{To: tensor.Int64}, q.Outputs[:1:1]
	for _, z := range g.Nodes {
		if z.Op == graph.Op(wrapped) && z.Inputs[0] == point {
			z.Op, z.Inputs = op.Cast{To: tensor.Int64}, q.Outputs[2:3:3]
		}
	}
	g.ReplaceUses(scale, q.Outputs[1])
	return true
}

// matches reports whether v is computed as want is, with the same numbers, and notes in found what
// stands for what.
func matches(v, want *graph.Value, found map[*graph.Value]*graph.Value) bool {
	if was, ok := found[want]; ok {
		return was == v
	}
	switch {
	case want.Role == graph.Parameter:
		return v.Role == graph.Parameter && v.Type.DType == tensor.Float32 && v.Data != nil && v.Data.Numel() == 1 && v.Data.Float32s()[0] == want.Data.Float32s()[0]
	case want.Node != nil:
		if v.Node == nil || v != v.Node.Outputs[0] || len(v.Node.Inputs) != len(want.Node.Inputs) || !reflect.DeepEqual(v.Node.Op, want.Node.Op) {
			return false
		}
		for i, in := range want.Node.Inputs {
			if !matches(v.Node.Inputs[i], in, found) {
				return false
			}
		}
	}
	found[want] = v
	return true
}

// rowsOf is the node that gives each row of v, its codes, scales or zero points, parameters of its
// own; nil where v is something else.
func rowsOf(v *graph.Value) *graph.Node {
	if v == nil || v.Node == nil || v.Node.Op != graph.Op(op.DynamicQuantize{ByRow: true}) {
		return nil
	}
	return v.Node
}

// withoutZeros finds sums - zero*by behind the sums of codes whose rows have parameters of their
// own: what is left of them, and by, which are whole numbers.
func withoutZeros(g *graph.Graph, sums *graph.Value, rows *graph.Node) (*graph.Value, []int64) {
	sub := g.SoleConsumer(sums)
	if !isPlain(sub, op.Sub{}) || sub.Inputs[0] != sums || !isPlain(sub.Inputs[1].Node, op.Mul{}) {
		return nil, nil
	}
	zero, by := sub.Inputs[1].Node.Inputs[0], sub.Inputs[1].Node.Inputs[1]
	if by.Role != graph.Parameter || by.Type.DType != tensor.Int64 || len(by.Data.Shape()) != 1 {
		return nil, nil
	}
	if zero.Node != nil && zero.Node.Op == graph.Op(op.Cast{To: tensor.Int64, Via: tensor.Int32}) {
		zero = zero.Node.Inputs[0]
	}
	if codesOf(zero) != rows.Outputs[2] {
		return nil, nil
	}
	return sub.Output(), by.Data.Int64s()
}

// equalSums reports whether sums are those of the rows of a weight.
func equalSums(w *tensor.Tensor, sums []int64) bool {
	return slices.EqualFunc(op.SumsOfRows(w), sums, func(a int32, b int64) bool { return int64(a) == b })
}
