package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
)

// tokens are operators of language models that are formulas of others.
var tokens = map[string]importer{
	"RMSNormalization": readRMSNorm,
	"RotaryEmbedding":  readRotary,
	"SwiGLU":           readSwiGLU,
	"TfIdfVectorizer":  readTfIdf,
}

// readRMSNorm divides x by the root of its mean square over the axes from one on.
func readRMSNorm(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	x := n.in[0]
	var axes []int
	for a := f.fromEnd(f.number("axis", -1), x, 0); a < 0; a++ {
		axes = append(axes, a)
	}
	mean := f.Do(op.Mean{Axes: axes, KeepDim: true}, f.Do(op.Mul{}, x, x))
	root := f.Do(function("sqrt"), f.Do(op.Add{}, mean, f.Scalar(f.real("epsilon", 1e-5))))
	return f.Result(op.Mul{}, f.Do(op.Div{}, x, root), n.in[1])
}

// readSwiGLU is a * sigmoid(alpha * a) * b.
func readSwiGLU(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	gate := f.Do(op.Shaped{Name: "swish", A: f.real("alpha", 1)}, n.in[0])
	return f.Result(op.Mul{}, gate, n.in[1])
}

// readRotary turns pairs of numbers of each head by angles that depend on the token's place:
// the first half of them with the second, or neighbours.
func readRotary(n *node) ([]*graph.Value, error) {
	f := n.formula(3)
	x, heads := n.in[0], f.number("num_heads", 0)
	if heads > 0 {
		x = f.Do(op.Reshape{Shape: []int{0, 0, heads, -1}, KeepZero: true}, x)
	} else {
		x = f.Do(op.Transpose{Perm: []int{0, 2, 1, 3}}, x)
	}
	turned, rest := x, (*graph.Value)(nil) // [batch, tokens, heads, numbers]
	if dim := f.number("rotary_embedding_dim", 0); dim > 0 {
		turned = f.Do(op.StridedSlice{Starts: []int64{0}, Ends: []int64{int64(dim)}, Axes: []int64{-1}}, x)
		rest = f.Do(op.StridedSlice{Starts: []int64{int64(dim)}, Ends: []int64{math.MaxInt64}, Axes: []int64{-1}}, x)
	}
	interleaved := f.flag("interleaved", false)
	var a, b *graph.Value
	if interleaved {
		every := func(first int64) *graph.Value {
			return f.Do(op.StridedSlice{Starts: []int64{first}, Ends: []int64{math.MaxInt64}, Axes: []int64{-1}, Steps: []int64{2}}, turned)
		}
		a, b = every(0), every(1)
	} else {
		halves := f.Split(op.Split{Axis: -1, Parts: 2}, turned)
		a, b = halves[0], halves[1]
	}
	cos, sin := f.angles(1), f.angles(2)
	p := f.Do(op.Sub{}, f.Do(op.Mul{}, cos, a), f.Do(op.Mul{}, sin, b))
	q := f.Do(op.Add{}, f.Do(op.Mul{}, sin, a), f.Do(op.Mul{}, cos, b))
	if interleaved {
		last := op.Unsqueeze{Axes: []int{-1}}
		y := f.Do(op.Cat{Axis: -1}, f.Do(last, p), f.Do(last, q))
		turned = f.Do(op.Reshape{Shape: []int{0, 0, 0, -1}, KeepZero: true}, y)
	} else {
		turned = f.Do(op.Cat{Axis: -1}, p, q)
	}
	if rest != nil {
		turned = f.Do(op.Cat{Axis: -1}, turned, rest)
	}
	if heads > 0 {
		return f.Result(op.Reshape{}, turned, f.Shape(n.in[0]))
	}
	return f.Result(op.Transpose{Perm: []int{0, 2, 1, 3}}, turned)
}

// angles are the cosines or sines of input i for each token, the same for all heads.
func (f *formula) angles(i int) *graph.Value {
	if f.Err != nil {
		return nil
	}
	cache := f.in[i]
	if f.has(3) {
		cache = f.Do(op.Gather{}, cache, f.in[3])
	}
	return f.Do(op.Unsqueeze{Axes: []int{2}}, cache)
}

func readTfIdf(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	o := op.TfIdf{
		Mode: f.text("mode", ""), MinLength: f.number("min_gram_length", 0), MaxLength: f.number("max_gram_length", 0),
		MaxSkip: f.number("max_skip_count", 0), Starts: f.numbers("ngram_counts", nil), Places: f.numbers("ngram_indexes", nil),
	}
	if n.attrs["pool_strings"] != nil {
		f.Refuse("a pool of strings is not read")
	}
	if f.Err != nil {
		return nil, f.Err
	}
	if a, err := n.attr("pool_int64s", onnxpb.AttributeProto_INTS); a != nil {
		o.Pool = a.GetInts()
	} else if err != nil {
		return nil, err
	}
	if a, err := n.attr("weights", onnxpb.AttributeProto_FLOATS); a != nil {
		o.Weights = a.GetFloats()
	} else if err != nil {
		return nil, err
	}
	return f.Result(o, n.in[0])
}
