package op

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Unique is torch.unique_dim along Axis, or torch.unique of all elements with Flat: each
// different slice once, in ascending order, or with InOrder in the order of first occurrence.
// Their number depends on the data. NaN is above all numbers, and equals itself.
//
// Input: x. Results: the slices; then int64: the index of each one's first occurrence, the
// number of the result that each slice of x equals, and how often each occurs.
type Unique struct {
	Axis    int  `json:"axis,omitempty"`
	Flat    bool `json:"flat,omitempty"`
	InOrder bool `json:"in_order,omitempty"`
}

// Kind is "unique".
func (Unique) Kind() string { return "unique" }

// Results is four.
func (Unique) Results() int { return 4 }

// Signatures: float, int64 and bool.
func (Unique) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, boolean} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d}, Out: d, Rest: []tensor.DType{i64, i64, i64}})
	}
	return sigs
}

// Defers is true unless x is known.
func (Unique) Defers(in []graph.Fact) bool { return !allKnown(in) }

// extents returns the number of slices of x, and of the contiguous pieces (outer) of how many
// elements (inner) each consists.
func (o Unique) extents(x tensor.Shape) (count, outer, inner int, err error) {
	if o.Flat {
		return x.Numel(), 1, 1, nil
	}
	axis, err := axisOf(o.Axis, len(x))
	if err != nil {
		return 0, 0, 0, err
	}
	return x[axis], x[:axis].Numel(), x[axis+1:].Numel(), nil
}

// Infer returns as many slices as x has where it is not known.
func (o Unique) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	count, _, _, err := o.extents(in[0].Shape)
	if err != nil {
		return nil, err
	}
	n := count
	if !o.Defers(in) {
		x, err := loaded(in)
		if err != nil {
			return nil, err
		}
		first, _, _ := o.find(x[0])
		n = len(first)
	}
	return o.types(in[0].DType, in[0].Shape, count, n)
}

func (o Unique) types(d tensor.DType, x tensor.Shape, count, n int) ([]graph.Type, error) {
	shape := tensor.Shape{n}
	if !o.Flat {
		axis, _ := axisOf(o.Axis, len(x))
		shape = x.Clone()
		shape[axis] = n
	}
	places := func(n int) graph.Type { return graph.Type{DType: i64, Shape: tensor.Shape{n}} }
	return typed(graph.Type{DType: d, Shape: shape}, places(n), places(count), places(n))
}

// Eval copies the slices.
func (o Unique) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	x := in[0]
	count, outer, inner, err := o.extents(x.Shape())
	if err != nil {
		return nil, err
	}
	first, inverse, counts := o.find(x)
	types, err := o.types(x.DType(), x.Shape(), count, len(first))
	if err != nil {
		return nil, err
	}
	y, size := tensor.New(x.DType(), types[0].Shape...), x.DType().Size()*inner
	for out := range outer {
		for to, from := range first {
			copy(y.Memory()[(out*len(first)+to)*size:][:size], x.Memory()[(out*count+int(from))*size:])
		}
	}
	results := []*tensor.Tensor{y}
	for _, list := range [][]int64{first, inverse, counts} {
		results = append(results, tensor.Of(list, len(list)))
	}
	return results, nil
}

// find lists, for the different slices in ascending order, the first occurrence and the count,
// and for each slice of x the number of the one that it equals.
func (o Unique) find(x *tensor.Tensor) (first, inverse, counts []int64) {
	count, outer, inner, _ := o.extents(x.Shape())
	keys := make([][]byte, count)
	for i := range keys {
		keys[i] = ordered(x, i, count, outer, inner)
	}
	sorted := make([]int64, count)
	for i := range sorted {
		sorted[i] = int64(i)
	}
	slices.SortStableFunc(sorted, func(a, b int64) int { return bytes.Compare(keys[a], keys[b]) })
	inverse = make([]int64, count)
	for i, at := range sorted {
		if i == 0 || !bytes.Equal(keys[sorted[i-1]], keys[at]) {
			first, counts = append(first, at), append(counts, 0)
		}
		counts[len(counts)-1]++
		inverse[at] = int64(len(first) - 1)
	}
	if o.InOrder {
		first, counts = reordered(first, inverse, counts)
	}
	return first, inverse, counts
}

// reordered puts the results of find into the order of first occurrence, and renumbers inverse.
func reordered(first, inverse, counts []int64) ([]int64, []int64) {
	order := make([]int, len(first))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(first[a], first[b]) })
	rank, newFirst, newCounts := make([]int64, len(first)), make([]int64, len(first)), make([]int64, len(first))
	for to, from := range order {
		rank[from], newFirst[to], newCounts[to] = int64(to), first[from], counts[from]
	}
	for i, v := range inverse {
		inverse[i] = rank[v]
	}
	return newFirst, newCounts
}

// ordered encodes slice i of x as bytes whose order is that of its elements.
func ordered(x *tensor.Tensor, i, count, outer, inner int) []byte {
	var key []byte
	for out := range outer {
		for in := range inner {
			at := (out*count+i)*inner + in
			switch x.DType() {
			case f32:
				key = binary.BigEndian.AppendUint32(key, orderedReal(x.Float32s()[at]))
			case i64:
				key = binary.BigEndian.AppendUint64(key, uint64(x.Int64s()[at])^1<<63)
			default:
				key = append(key, truth(x.Uint8s()[at] != 0))
			}
		}
	}
	return key
}

// orderedReal maps v to an integer so that order is kept; -0 is 0.
func orderedReal(v float32) uint32 {
	if v != v {
		return math.MaxUint32
	}
	if v == 0 {
		v = 0
	}
	b := math.Float32bits(v)
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}
