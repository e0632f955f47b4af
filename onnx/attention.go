package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// attentions are operators that ONNX Runtime's optimizer of transformers makes of whole blocks.
var attentions = map[string]importer{
	"Attention":               readAttention,
	"MultiHeadAttention":      readMultiHeadAttention,
	"EmbedLayerNormalization": readEmbedLayerNorm,
}

// attention is what is between the layers of a block: queries, keys and values of each head, and
// what is added to the scores.
type attention struct {
	*formula
	heads         int
	size          int // of a head, 0 where only a run tells it
	query         *graph.Value
	key, value    *graph.Value // [batch, heads, tokens, numbers], as query
	mask, addends *graph.Value // nil where there are none
}

// attention begins one of so many inputs.
func (n *node) attention(inputs int) *attention {
	a := &attention{formula: n.formula(inputs)}
	if a.heads = a.number("num_heads", 0); a.heads < 1 {
		a.Refuse("num_heads is %d; a number above 0 is expected", a.heads)
	}
	for _, name := range []string{"do_rotary", "past_present_share_buffer"} {
		if a.flag(name, false) {
			a.Refuse("%s is not read", name)
		}
	}
	return a
}

// optional is an input that may be left out.
func (f *formula) optional(i int) *graph.Value {
	if f.has(i) {
		return f.in[i]
	}
	return nil
}

// apart makes [batch, heads, tokens, numbers] of [batch, tokens, heads * numbers].
func (a *attention) apart(x *graph.Value) *graph.Value {
	return a.Do(op.Transpose{Perm: []int{0, 2, 1, 3}}, a.Do(op.Reshape{Shape: []int{0, 0, a.heads, -1}, KeepZero: true}, x))
}

// result adds the attention itself. Keys and values stay what they are, for the next token.
func (a *attention) result() ([]*graph.Value, error) {
	scores := a.Do(op.MatMul{}, a.query, a.Do(op.Transpose{Perm: []int{0, 1, 3, 2}}, a.key))
	switch scale := a.real("scale", 0); {
	case scale != 0:
		scores = a.Do(op.Mul{}, scores, a.Scalar(scale))
	case a.size > 0:
		scores = a.Do(op.Mul{}, scores, a.Scalar(float32(1/math.Sqrt(float64(a.size)))))
	default:
		scores = a.Do(op.Div{}, scores, a.Do(function("sqrt"), a.As(tensor.Float32, a.Extent(a.query, -1))))
	}
	filter := a.Scalar(a.real("mask_filter_value", -10000))
	if a.mask != nil {
		scores = a.Do(op.Add{}, scores, a.Do(op.Where{}, a.seen(), a.Scalar(0), filter))
	}
	if a.flag("unidirectional", false) {
		scores = a.Do(op.Add{}, scores, a.Do(op.Where{}, a.earlier(), a.Scalar(0), a.Scalar(-math.MaxFloat32)))
	}
	if a.addends != nil {
		scores = a.Do(op.Add{}, scores, a.addends)
	}
	y := a.Do(op.MatMul{}, a.Do(op.Softmax{Axis: -1}, scores), a.value)
	return a.formula.Result(op.Reshape{Shape: []int{0, 0, -1}, KeepZero: true}, a.Do(op.Transpose{Perm: []int{0, 2, 1, 3}}, y))
}

// seen says which keys count, so that it broadcasts to [batch, heads, queries, keys]. The mask has
// a number for each key, of each query or of all, or says how many keys there are, and perhaps where
// they begin.
func (a *attention) seen() *graph.Value {
	if a.Err != nil {
		return nil
	}
	rank, err := a.rank(a.mask)
	if err != nil {
		a.Err = err
		return nil
	}
	shows := func(axes ...int) *graph.Value {
		return a.Do(op.Unsqueeze{Axes: axes}, a.Do(relation("gt"), a.As(tensor.Int64, a.mask), a.List(0)))
	}
	switch rank {
	case 1:
		batch, places := a.Extent(a.query, 0), a.Count(a.Extent(a.key, -2))
		bounds := a.Do(op.Reshape{}, a.As(tensor.Int64, a.mask), a.Do(op.Cat{}, a.List(-1), batch, a.List(1)))
		parts := func(i int) *graph.Value { return a.Do(op.Gather{}, bounds, a.List(i)) }
		below := a.Do(relation("lt"), places, parts(0)) // [1, batch, keys]
		// A second row is where the keys begin; of a single one it is the first again, which must not count.
		from := a.Do(op.Where{}, a.Do(relation("gt"), a.Extent(bounds, 0), a.List(1)), parts(-1), a.List(0))
		both := a.Do(relation("logical_and"), below, a.Do(relation("ge"), places, from))
		return a.Do(op.Transpose{Perm: []int{1, 0, 2, 3}}, a.Do(op.Unsqueeze{Axes: []int{2}}, both))
	case 2:
		return shows(1, 2)
	case 3:
		return shows(1)
	}
	a.Refuse("a mask of %d axes; those of one to three are read", rank)
	return nil
}

// earlier says which keys are not behind a query: the last query is that of the last key.
func (a *attention) earlier() *graph.Value {
	queries, keys := a.Extent(a.query, -2), a.Extent(a.key, -2)
	place := a.Do(op.Add{}, a.Along(-2, a.Count(queries)), a.Do(op.Sub{}, keys, queries))
	return a.Do(relation("le"), a.Count(keys), place)
}

// behind puts the keys and values of earlier tokens in front.
func (a *attention) behind(key, value *graph.Value) {
	a.key, a.value = a.Do(op.Cat{Axis: 2}, key, a.key), a.Do(op.Cat{Axis: 2}, value, a.value)
}

// readAttention reads queries, keys and values that are one product with a constant matrix.
func readAttention(n *node) ([]*graph.Value, error) {
	a := n.attention(2)
	a.mask, a.addends = a.optional(3), a.optional(5)
	if a.has(6) {
		a.Refuse("past_sequence_length is not read")
	}
	joined, sizes := a.joined()
	if a.Err == nil {
		a.size = sizes[0] / a.heads
	}
	parts := a.Split(op.Split{Axis: -1, Sizes: sizes}, joined)
	a.query, a.key, a.value = a.apart(parts[0]), a.apart(parts[1]), a.apart(parts[2])
	if past := a.optional(4); past != nil {
		both := a.Split(op.Split{Axis: 0, Sizes: []int{1, 1}}, past)
		first := op.Squeeze{Axes: []int{0}}
		a.behind(a.Do(first, both[0]), a.Do(first, both[1]))
	}
	y, err := a.result()
	if err != nil || len(n.proto.GetOutput()) < 2 {
		return y, err
	}
	first := op.Unsqueeze{Axes: []int{0}}
	present := a.Do(op.Cat{}, a.Do(first, a.key), a.Do(first, a.value))
	return append(y, present), a.Err
}

// joined is the product of x and the weights, with the widths of the three parts.
func (a *attention) joined() (*graph.Value, []int) {
	sizes := a.numbers("qkv_hidden_sizes", nil)
	if a.Err != nil {
		return nil, nil
	}
	x, w := a.in[0], a.in[1]
	if !isWeight(w) || len(shapeOf(w)) != 2 {
		a.Refuse("its weights are %v; a constant matrix is read", w.Type)
		return nil, nil
	}
	width := shapeOf(w)[1]
	if sizes == nil {
		sizes = []int{width / 3, width / 3, width / 3}
	}
	total := 0
	for _, size := range sizes {
		if size < 1 || size > width || size%a.heads != 0 {
			a.Refuse("%d numbers for %d heads", size, a.heads)
			return nil, nil
		}
		total += size
	}
	if len(sizes) != 3 || total != width || sizes[0] != sizes[1] {
		a.Refuse("weights of width %d for queries, keys and values of %v", width, sizes)
		return nil, nil
	}
	var weight *graph.Value
	if weight, a.Err = a.transposedWeight(w); a.Err != nil {
		return nil, nil
	}
	bias := a.optional(2)
	if bias != nil && bias.Role == graph.Parameter && len(bias.Type.Shape) == 1 {
		return a.Do(op.Linear{}, x, weight, bias), sizes
	}
	y := a.Do(op.Linear{}, x, weight)
	if bias != nil {
		y = a.Do(op.Add{}, y, bias)
	}
	return y, sizes
}

// readMultiHeadAttention reads queries, keys and values that are apart. Keys and values may be
// those of heads already.
func readMultiHeadAttention(n *node) ([]*graph.Value, error) {
	a := n.attention(3)
	a.mask, a.addends = a.optional(4), a.optional(5)
	if a.has(8) || a.has(9) {
		a.Refuse("past_sequence_length and cache_indirection are not read")
	}
	var bias [3]*graph.Value
	if b := a.optional(3); b != nil && a.Err == nil {
		if b.Role != graph.Parameter || len(b.Type.Shape) != 1 || b.Type.Shape[0]%3 != 0 {
			a.Refuse("its bias is %v; a constant of three parts of the same size is read", b.Type)
		}
		copy(bias[:], a.Split(op.Split{Axis: 0, Parts: 3}, b))
		if a.Err == nil {
			a.size = b.Type.Shape[0] / 3 / a.heads
		}
	}
	var each [3]*graph.Value
	for i := range each {
		each[i] = a.headsOf(i, bias[i])
	}
	a.query, a.key, a.value = each[0], each[1], each[2]
	if a.has(6) != a.has(7) {
		a.Refuse("keys of earlier tokens come with their values")
	} else if a.has(6) {
		a.behind(a.in[6], a.in[7])
	}
	y, err := a.result()
	return append(y, a.key, a.value), err
}

// headsOf is input i, by heads, with its bias, which may be nil.
func (a *attention) headsOf(i int, bias *graph.Value) *graph.Value {
	if a.Err != nil {
		return nil
	}
	x := a.in[i]
	rank, err := a.rank(x)
	switch {
	case err != nil:
		a.Err = err
	case rank == 4 && i > 0 && bias == nil:
		return x
	case rank != 3:
		a.Refuse("input %d has %d axes; three are read, [batch, tokens, numbers]", i, rank)
	case bias != nil:
		x = a.Do(op.Add{}, x, bias)
	}
	return a.apart(x)
}

// readEmbedLayerNorm sums the rows of words, places and segments, and normalises them. Its second
// result is how many tokens of each text the mask shows.
func readEmbedLayerNorm(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	for _, i := range []int{2, 3, 5, 6} {
		if !f.has(i) {
			f.Refuse("input %d is missing", i)
		}
	}
	if f.has(1) != f.has(4) {
		f.Refuse("segments need their rows, and rows their segments")
	}
	if f.Err != nil {
		return nil, f.Err
	}
	ids := n.in[0]
	place := f.optional(8)
	if place == nil {
		place = f.Count(f.Extent(ids, 1))
	}
	sum := f.Do(op.Add{}, f.Do(op.Gather{}, n.in[2], ids), f.Do(op.Gather{}, n.in[3], place))
	if f.has(1) {
		sum = f.Do(op.Add{}, sum, f.Do(op.Gather{}, n.in[4], n.in[1]))
	}
	y, err := f.Result(op.LayerNorm{Axis: -1, Eps: float64(f.real("epsilon", 1e-12))}, sum, n.in[5], n.in[6])
	if err != nil {
		return nil, err
	}
	tokens := f.Do(op.Expand{}, f.List(0), f.Extent(ids, 0))
	if f.has(7) {
		shown := f.Do(relation("ne"), f.As(tensor.Int64, n.in[7]), f.List(0))
		tokens = f.Do(op.Reduce{Name: "sum", Axes: []int{1}}, f.Do(op.Cast{To: tensor.Int64}, shown))
	}
	if tokens != nil {
		n.declared[tokens] = tensor.Int32
	}
	return append(y, tokens, sum), f.Err
}
