package op

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

var presets = []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN}

func anyContext(t *rapid.T) graph.Context {
	return graph.Context{Numerics: rapid.SampledFrom(presets).Draw(t, "numerics")}
}

// anyQ draws parameters of quint8.
func anyQ(t *rapid.T) *tensor.QParams {
	return tensor.Affine(rapid.Float64Range(1e-3, 1).Draw(t, "scale"), rapid.Int64Range(0, 255).Draw(t, "zero_point"))
}

func anyCodes(t *rapid.T, q *tensor.QParams, shape ...int) *tensor.Tensor {
	n := tensor.Shape(shape).Numel()
	return tensor.OfQuantized(rapid.SliceOfN(rapid.Uint8(), n, n).Draw(t, "codes"), q, shape...)
}

func anyWeight(t *rapid.T, shape ...int) *tensor.Tensor {
	n := tensor.Shape(shape).Numel()
	codes := rapid.SliceOfN(rapid.Int8(), n, n).Draw(t, "weight")
	if rapid.Bool().Draw(t, "per tensor") {
		return tensor.OfQuantized(codes, tensor.Affine(0.01, 0), shape...)
	}
	scales := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e-1), shape[0], shape[0]).Draw(t, "scales")
	return tensor.OfQuantized(codes, tensor.PerAxis(scales, make([]int64, shape[0]), 0), shape...)
}

func anyPair(t *rapid.T, name string, lo, hi int) [2]int {
	g := rapid.IntRange(lo, hi)
	return [2]int{g.Draw(t, name), g.Draw(t, name)}
}

// eval runs an operator that must succeed; q is that of the result.
func eval(t *rapid.T, ctx graph.Context, o graph.Op, q *tensor.QParams, in ...*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	dtype := u8
	if q == nil {
		dtype = f32
	}
	y, err := run(ctx, o, in, graph.Type{DType: dtype, Q: q})
	if err != nil {
		t.Fatalf("%s: %v", o.Kind(), err)
	}
	return y
}

func mustEqual(t *rapid.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if !got.Shape().Equal(want.Shape()) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
	}
	if bad := diff(got, want); len(bad) > 0 {
		t.Fatalf("%s: element %d is %s, want %s", what, bad[0], at(got, bad[0]), at(want, bad[0]))
	}
}

func anyImages(t *rapid.T, q *tensor.QParams) *tensor.Tensor {
	d := rapid.IntRange(1, 4)
	return anyCodes(t, q, d.Draw(t, "n"), d.Draw(t, "c"), d.Draw(t, "h"), d.Draw(t, "w"))
}

// A result of any kind has the inferred shape, and images do not see each other.
func TestBatchSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, q := anyContext(t), anyQ(t)
		x := anyImages(t, q)
		k := anyPair(t, "kernel", 1, 3)
		w := anyWeight(t, 2, x.Dim(1), k[0], k[1])
		pad := [2]int{rapid.IntRange(0, k[0]/2).Draw(t, "pad"), rapid.IntRange(0, k[1]/2).Draw(t, "pad")}
		stride, ceil := anyPair(t, "stride", 1, 3), rapid.Bool().Draw(t, "ceil")
		ops := []graph.Op{
			Conv2D{Stride: stride, Padding: pad, Dilation: anyPair(t, "dilation", 1, 2), Groups: 1},
			MaxPool2D{Kernel: k, Stride: stride, Padding: pad, Dilation: [2]int{1, 1}, CeilMode: ceil},
			AvgPool2D{Kernel: k, Stride: stride, Padding: pad, CeilMode: ceil},
			AdaptiveAvgPool2D{Output: anyPair(t, "output", 1, 5)},
			Mean{Axes: []int{2, 3}},
			Clamp{Act: quant.ReLU6},
			Flatten{Start: 1, End: -1},
		}
		o := rapid.SampledFrom(ops).Draw(t, "op")
		in := []*tensor.Tensor{x}
		if o.Kind() == "conv2d" {
			in = append(in, w)
		}
		if _, err := o.Infer(graph.FactsOf(in...)); err != nil {
			t.Skip(err)
		}
		whole := eval(t, ctx, o, q, in...)
		var parts []*tensor.Tensor
		per := x.Numel() / x.Dim(0)
		for n := range x.Dim(0) {
			in[0] = tensor.OfQuantized(x.Uint8s()[n*per:(n+1)*per], q, 1, x.Dim(1), x.Dim(2), x.Dim(3))
			parts = append(parts, eval(t, ctx, o, q, in...))
		}
		mustEqual(t, o.Kind(), eval(t, ctx, Cat{Axis: 0}, q, parts...), whole)
	})
}

func TestIdentities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, q := anyContext(t), anyQ(t)
		x := anyImages(t, q)
		one := [2]int{1, 1}
		c := x.Dim(1)
		eye := tensor.NewQuantized(i8, tensor.Affine(1, 0), c, c, 1, 1)
		for i := range c {
			eye.Int8s()[i*c+i] = 1
		}
		mustEqual(t, "convolution by the identity", eval(t, ctx, Conv2D{Stride: one, Dilation: one, Groups: 1}, q, x, eye), x)
		mustEqual(t, "1x1 maximum", eval(t, ctx, MaxPool2D{Kernel: one, Stride: one, Dilation: one}, q, x), x)
		mustEqual(t, "1x1 average", eval(t, ctx, AvgPool2D{Kernel: one, Stride: one}, q, x), x)
		mustEqual(t, "adaptive average to the same size", eval(t, ctx, AdaptiveAvgPool2D{Output: [2]int{x.Dim(2), x.Dim(3)}}, q, x), x)
		mustEqual(t, "cat of one", eval(t, ctx, Cat{Axis: 1}, q, x), x)
		mustEqual(t, "flatten of one axis", eval(t, ctx, Flatten{Start: 2, End: 2}, q, x), x)
		mustEqual(t, "quantize after dequantize", eval(t, ctx, Quantize{}, q, eval(t, ctx, Dequantize{}, nil, x)), x)
		relu := Clamp{Act: quant.ReLU}
		mustEqual(t, "relu before and after dequantize",
			eval(t, ctx, Dequantize{}, nil, eval(t, ctx, relu, q, x)), eval(t, ctx, relu, nil, eval(t, ctx, Dequantize{}, nil, x)))
		mustEqual(t, "cat along either side of flatten",
			eval(t, ctx, Flatten{Start: 1, End: -1}, q, eval(t, ctx, Cat{Axis: 1}, q, x, x)),
			eval(t, ctx, Cat{Axis: 1}, q, eval(t, ctx, Flatten{Start: 1, End: -1}, q, x), eval(t, ctx, Flatten{Start: 1, End: -1}, q, x)))
	})
}

// Codes are ordered as the numbers they stand for.
func TestMaxPoolCommutesWithDequantize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQ(t)
		x := anyImages(t, q)
		o := MaxPool2D{Kernel: anyPair(t, "kernel", 1, 3), Stride: anyPair(t, "stride", 1, 2), Dilation: anyPair(t, "dilation", 1, 2), CeilMode: true}
		if _, err := o.Infer(graph.FactsOf(x)); err != nil {
			t.Skip(err)
		}
		var ctx graph.Context
		mustEqual(t, "max_pool2d", eval(t, ctx, Dequantize{}, nil, eval(t, ctx, o, q, x)), eval(t, ctx, o, nil, eval(t, ctx, Dequantize{}, nil, x)))
	})
}

func TestGroupsAreSeparateConvolutions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, q := anyContext(t), anyQ(t)
		per, groups := rapid.IntRange(1, 2).Draw(t, "channels"), rapid.IntRange(1, 3).Draw(t, "groups")
		k := anyPair(t, "kernel", 1, 3)
		o := Conv2D{Stride: anyPair(t, "stride", 1, 3), Padding: anyPair(t, "padding", 0, 3), Dilation: anyPair(t, "dilation", 1, 2), Groups: groups, Act: quant.ReLU}
		w := anyWeight(t, 2*groups, per, k[0], k[1])
		x := anyCodes(t, q, 1, per*groups, 5, 6)
		out := anyQ(t)
		whole := eval(t, ctx, o, out, x, w)
		var parts []*tensor.Tensor
		o.Groups = 1
		for g := range groups {
			xs, ws := x.Numel()/groups, w.Numel()/groups
			xg := tensor.OfQuantized(x.Uint8s()[g*xs:(g+1)*xs], q, 1, per, 5, 6)
			wq := w.QParams()
			if !wq.IsPerTensor() {
				wq = tensor.PerAxis(wq.Scales[2*g:2*g+2], wq.ZeroPoints[2*g:2*g+2], 0)
			}
			parts = append(parts, eval(t, ctx, o, out, xg, tensor.OfQuantized(w.Int8s()[g*ws:(g+1)*ws], wq, 2, per, k[0], k[1])))
		}
		mustEqual(t, "grouped", eval(t, ctx, Cat{Axis: 1}, out, parts...), whole)
	})
}

// Except under onednn, which treats their weight scales differently.
func TestLinearIsAConvolutionOfOnePixel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := graph.Context{Numerics: rapid.SampledFrom(presets[:2]).Draw(t, "numerics")}
		q, out := anyQ(t), anyQ(t)
		k, o := rapid.IntRange(1, 9).Draw(t, "k"), rapid.IntRange(1, 5).Draw(t, "o")
		x, w := anyCodes(t, q, 2, k), anyWeight(t, o, k)
		conv := Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
		asImage := tensor.OfQuantized(w.Int8s(), w.QParams(), o, k, 1, 1)
		for _, result := range []*tensor.QParams{out, nil} {
			want := eval(t, ctx, conv, result, x.Reshape(2, k, 1, 1), asImage)
			mustEqual(t, "linear", eval(t, ctx, Linear{}, result, x, w), want.Reshape(2, o))
		}
	})
}

func TestKindsDecodeWhatDumpsHold(t *testing.T) {
	ops := Prototypes()
	for _, o := range []graph.Op{ // with attributes
		AdaptiveAvgPool2D{Output: [2]int{1, 2}}, Add{Act: quant.ReLU}, AvgPool2D{Kernel: [2]int{3, 3}, CountIncludePad: true},
		BatchNorm{Eps: 1e-5}, Cat{Axis: 1}, Conv2D{Stride: [2]int{1, 2}, Groups: 3, Act: quant.ReLU6},
		FakeQuantize{QMax: 255, Scales: []float64{0.1}, ZeroPoints: []int64{3}, Axis: -1}, Flatten{Start: 1, End: -1},
		MaxPool2D{CeilMode: true}, Mean{Axes: []int{2, 3}}, Affine{Scale: []float32{0.5}, Shift: []float32{-1}}, ChannelShuffle{Groups: 2},
		Slice{Axis: 1, End: 3}, Split{Axis: 1, Sizes: []int{2, 3}}, Resize{Mode: "linear", Scale: [2]float64{2, 2}},
		Pad{Before: []int{1}, After: []int{2}, Mode: "edge"}, Transpose{Perm: []int{1, 0}}, LeakyReLU{Slope: 0.1},
	} {
		i := slices.IndexFunc(ops, func(p graph.Op) bool { return p.Kind() == o.Kind() })
		ops[i] = o
	}
	var seen []string
	for _, o := range ops {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(o.Kind(), text)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(got); string(again) != string(text) || got.Kind() != o.Kind() {
			t.Errorf("%s: %s became %s", o.Kind(), text, again)
		}
		seen = append(seen, o.Kind())
	}
	slices.Sort(seen)
	if kinds := Kinds(); !slices.IsSorted(kinds) || !slices.Equal(slices.Sorted(slices.Values(kinds)), seen) {
		t.Errorf("kinds are %v, want %v", kinds, seen)
	}
	for _, bad := range [][2]string{{"conv3d", "{}"}, {"add", `{"axis":1}`}, {"relu", `{"act":"relu6"}`}, {"conv2d", `{"act":"gelu"}`}, {"cat", `{"axis":1e99}`}, {"cat", `{"axis":1} {}`}} {
		if o, err := Decode(bad[0], []byte(bad[1])); err == nil {
			t.Errorf("Decode(%s, %s) = %v", bad[0], bad[1], o)
		}
	}
}
