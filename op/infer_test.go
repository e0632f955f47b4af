package op

import (
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func shapes(all ...tensor.Shape) []graph.Fact {
	facts := make([]graph.Fact, len(all))
	for i, s := range all {
		facts[i].Type = graph.Type{DType: f32, Shape: s}
	}
	return facts
}

// coded are shapes of qint8 tensors with a zero point.
func coded(zero int64, all ...tensor.Shape) []graph.Fact {
	facts := shapes(all...)
	for i := range facts {
		facts[i].DType, facts[i].Q = i8, tensor.Affine(0.1, zero)
	}
	return facts
}

func TestInferMistakes(t *testing.T) {
	one, none, three := [2]int{1, 1}, [2]int{}, [2]int{3, 3}
	conv := Conv2D{Stride: one, Dilation: one, Groups: 1}
	grouped := conv
	grouped.Groups = 2
	unstrided := conv
	unstrided.Stride = none
	negative := conv
	negative.Padding = [2]int{-1, 0}
	undilated := conv
	undilated.Dilation = none
	huge := conv
	huge.Padding = [2]int{1 << 20, 1 << 20}
	x := tensor.Shape{1, 3, 4, 5}
	pool := MaxPool2D{Kernel: three, Stride: one, Dilation: one}
	wide := pool
	wide.Padding = [2]int{2, 0}
	for _, c := range []struct {
		op   graph.Op
		in   []graph.Fact
		want string
	}{
		{conv, shapes(x), "takes 2 to 3 inputs, got 1"},
		{conv, shapes(x, tensor.Shape{8, 3, 3}), "expected [O, C/groups, kh, kw]"},
		{conv, shapes(x, tensor.Shape{8, 4, 3, 3}), "expects 4 input channels in 1 groups"},
		{grouped, shapes(x, tensor.Shape{8, 3, 3, 3}), "2 groups do not divide 3 input"},
		{Conv2D{Stride: one, Dilation: one}, shapes(x, tensor.Shape{8, 3, 3, 3}), "groups is 0"},
		{unstrided, shapes(x, tensor.Shape{8, 3, 3, 3}), "stride is [0 0]"},
		{negative, shapes(x, tensor.Shape{8, 3, 3, 3}), "padding is [-1 0]"},
		{undilated, shapes(x, tensor.Shape{8, 3, 3, 3}), "dilation is [0 0]"},
		{conv, shapes(x, tensor.Shape{8, 3, 5, 3}), "height: the kernel covers 5 cells"},
		{conv, shapes(x, tensor.Shape{8, 3, 3, 3}, tensor.Shape{7}), "bias has shape [7]; expected [8]"},
		{conv, shapes(tensor.Shape{3, 4, 5}, tensor.Shape{8, 3, 3, 3}), "expected [N, C, H, W]"},
		{huge, shapes(x, tensor.Shape{8, 3, 1, 1}), "more than the limit"},
		{Conv2D{Stride: one, Dilation: one, Groups: 1, Act: 9}, shapes(x, tensor.Shape{8, 3, 1, 1}), "no such activation"},
		{conv, shapes(tensor.Shape{math.MaxInt, math.MaxInt, 2, 2}, tensor.Shape{8, 3, 1, 1}), "input 0"},
		{conv, shapes(tensor.Shape{1, 3, -4, 5}, tensor.Shape{8, 3, 1, 1}), "negative extent"},
		{Slice{Axis: 1, Start: 2, End: 4}, shapes(x), "expected 0 <= start < end <= 3"},
		{Slice{Axis: 1, Start: 1, End: 1}, shapes(x), "expected 0 <= start < end <= 3"},
		{Slice{Axis: 4, End: 1}, shapes(x), "axis 4 is outside"},
		{ChannelShuffle{Groups: 2}, shapes(x), "2 groups do not divide 3 channels"},
		{ChannelShuffle{}, shapes(x), "0 groups do not divide"},
		{Affine{Scale: []float32{1, 2}, Shift: []float32{1, 2}}, shapes(x), "images of 3 channels"},
		{Hardswish{}, shapes(x, x), "takes 1 inputs, got 2"},
		{Linear{}, shapes(tensor.Shape{2, 7}, tensor.Shape{3, 8}), "expects 8 features"},
		{BatchNorm{Eps: -1}, shapes(x, x, x, x, x), "eps is -1"},
		{BatchNorm{}, shapes(x, tensor.Shape{3}, tensor.Shape{3}, tensor.Shape{4}, tensor.Shape{3}), "running_mean has shape [4]"},
		{Clamp{}, shapes(x), "must be relu or relu6"},
		{Add{}, shapes(x, tensor.Shape{1, 3, 2, 1}), "do not broadcast"},
		{Mul{}, shapes(x, tensor.Shape{4, 4, 1}), "do not broadcast"},
		{Cat{Axis: 4}, shapes(x), "axis 4 is outside"},
		{Cat{Axis: 1}, nil, "at least one"},
		{Cat{Axis: 1}, shapes(x, tensor.Shape{1, 3, 4, 6}), "does not join"},
		{Cat{Axis: 0}, shapes(tensor.Shape{1 << 30, 1}, tensor.Shape{1 << 30, 1}, tensor.Shape{1 << 30, 1}), "more than"},
		{pool, shapes(tensor.Shape{1, 3, 2, 5}), "the input is too small"},
		{wide, shapes(x), "exceeds half of the kernel"},
		{AvgPool2D{Kernel: three}, shapes(x), "stride"},
		{AdaptiveAvgPool2D{}, shapes(x), "output size is [0 0]"},
		{AdaptiveAvgPool2D{Output: one}, shapes(tensor.Shape{1, 3, 0, 2}), "no cells"},
		{AdaptiveAvgPool2D{Output: [2]int{1 << 20, 1 << 20}}, shapes(x), "more than the limit"},
		{Mean{Axes: []int{1, 2}}, coded(0, x), "only the mean over height and width"},
		{Mean{Axes: []int{2, -2}}, coded(0, x), "only the mean over height and width"},
		{Mean{Axes: []int{2, -2}}, shapes(x), "named twice"},
		{Mean{Axes: []int{4}}, shapes(x), "axis 4 is outside"},
		{Mean{Axes: []int{1}}, shapes(tensor.Shape{2, 0}), "no cells"},
		{Reduce{Name: "median"}, shapes(x), "no reduction \"median\""},
		{Reduce{Name: "sum", Axes: []int{-5}}, shapes(x), "axis -5 is outside"},
		{Function{Name: "sinc"}, shapes(x), "no function \"sinc\" of one number"},
		{Shaped{Name: "relu"}, shapes(x), "no function \"relu\" with attributes"},
		{ArgMax{Axis: 1}, shapes(tensor.Shape{2, 0}), "no elements along axis 1"},
		{CumSum{Axis: 4}, shapes(x), "axis 4 is outside"},
		{LogSoftmax{Axis: 4}, shapes(x), "axis 4 is outside"},
		{Pairwise{Name: "hypot"}, shapes(x, x), "no function \"hypot\" of float32 and float32"},
		{Pairwise{Name: "pow"}, shapes(x, tensor.Shape{2}), "do not broadcast"},
		{Relation{Name: "logical_and"}, shapes(x, x), "no function \"logical_and\" of float32 and float32"},
		{Where{}, shapes(x, x, x), "a condition of float32"},
		{Cast{To: u8}, shapes(x), "cast to quint8"},
		{Cast{To: f32, Via: tensor.Complex64}, shapes(x), "cast through complex64"},
		{ARange{}, shapes(nil, nil, nil), "computed from the data"},
		{ARange{}, shapes(nil, tensor.Shape{2}, nil), "limit is float32[2]; expected one number"},
		{ARange{}, graph.FactsOf(tensor.Of([]int64{0}), tensor.Of([]int64{math.MaxInt64}), tensor.Of([]int64{1})), "more than the limit"},
		{ARange{}, graph.FactsOf(tensor.Of([]int64{0}), tensor.Of([]int64{1}), tensor.Of([]int64{0})), "the step is 0"},
		{ARange{}, graph.FactsOf(tensor.Of([]float32{0}), tensor.Of([]float32{1}), tensor.Of([]float32{0})), "more elements than the limit"},
		{Expand{}, graph.FactsOf(tensor.Of([]float32{0}), tensor.Of([]int64{1 << 16, 1 << 16}, 2)), "more than the limit"},
		{Expand{}, graph.FactsOf(tensor.Of([]float32{0}), tensor.Of([]int64{-1}, 1)), "expected numbers from 0"},
		{Expand{}, shapes(x, x), "expected a vector of int64"},
		{Tile{}, graph.FactsOf(tensor.Of([]float32{0}, 1), tensor.Of([]int64{1, 1}, 2)), "2 repeats for the 1 axes"},
		{Tile{}, graph.FactsOf(tensor.Of([]float32{0, 1}, 2), tensor.Of([]int64{1 << 30}, 1)), "more than the limit"},
		{Flatten{Start: 2, End: 1}, shapes(x), "must not be behind"},
		{Flatten{Start: 0, End: 1}, shapes(tensor.Shape{1 << 30, 1 << 30, 0}), "exceeds the limit"},
		{MatMul{}, shapes(tensor.Shape{2, 3}, tensor.Shape{2, 3}), "expected [..., M, K]"},
		{MatMul{}, coded(0, tensor.Shape{2, 33026}, tensor.Shape{33026, 2}), "int32 holds 33025 for certain"},
		{Linear{}, coded(1, tensor.Shape{2, 33026}, tensor.Shape{2, 33026}), "int32 holds 33025 for certain"},
		{conv, coded(1, tensor.Shape{2, 3670, 3, 3}, tensor.Shape{2, 3670, 3, 3}), "int32 holds 33025 for certain"},
		{Quantize{}, shapes(x, x), "takes 1 inputs, got 2"},
		{FakeQuantize{QMax: 255, Axis: -1}, shapes(x), "0 scales and 0 zero points"},
		{FakeQuantize{QMax: 255, Axis: -1, Scales: []float64{0}, ZeroPoints: []int64{0}}, shapes(x), "finite positive scale"},
	} {
		types, err := c.op.Infer(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v of %v: got %v, %v; want an error with %q", c.op.Kind(), c.op, c.in, types, err, c.want)
		}
	}
}

// Sums of more products are refused only where their zero points let them leave int32.
func TestLongSums(t *testing.T) {
	x, w := tensor.Shape{2, 60000}, tensor.Shape{3, 60000}
	for _, c := range []struct {
		zero int64
		fits bool
	}{{0, true}, {1, false}} {
		if _, err := (Linear{}).Infer(coded(c.zero, x, w)); (err == nil) != c.fits {
			t.Errorf("zero point %d: %v", c.zero, err)
		}
	}
	unsigned := coded(128, x, w)
	unsigned[1].DType = u8
	if _, err := (Linear{}).Infer(unsigned); err != nil {
		t.Errorf("quint8 around 128: %v", err)
	}
}

func TestEvalRefusesMissingRules(t *testing.T) {
	q := tensor.Affine(0.1, 3)
	x := tensor.NewQuantized(u8, q, 1, 1, 2, 2)
	perChannel := tensor.NewQuantized(u8, tensor.PerAxis([]float64{1}, []int64{0}, 1), 1, 1, 2, 2)
	w := tensor.NewQuantized(i8, tensor.Affine(0.1, 1), 1, 1, 1, 1)
	wrongAxis := tensor.NewQuantized(i8, tensor.PerAxis([]float64{1}, []int64{0}, 1), 1, 1, 1, 1)
	conv := Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	for _, c := range []struct {
		op   graph.Op
		n    quant.Numerics
		in   []*tensor.Tensor
		want string
	}{
		{Add{}, 0, []*tensor.Tensor{x, x}, "no numerics"},
		{Mean{Axes: []int{2, 3}}, 0, []*tensor.Tensor{x}, "no numerics"},
		{conv, 0, []*tensor.Tensor{x, w}, "no numerics"},
		{conv, quant.OneDNN, []*tensor.Tensor{x, w}, "zero point 1 in channel 0"},
		{conv, quant.FBGEMM, []*tensor.Tensor{x, wrongAxis}, "axis 1"},
		{Add{}, quant.FBGEMM, []*tensor.Tensor{x, perChannel}, "quantized per tensor"},
		{Dequantize{}, quant.FBGEMM, []*tensor.Tensor{perChannel}, "quantized per tensor"},
	} {
		out := graph.Type{DType: u8, Q: q}
		if c.op.Kind() == "dequantize" {
			out = graph.Float32
		}
		if _, err := run(graph.Context{Numerics: c.n}, c.op, c.in, out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s under %v: got %v, want an error with %q", c.op.Kind(), c.n, err, c.want)
		}
	}
}

// A kernel far larger than its input costs no more than the cells it meets.
func TestHugeWindow(t *testing.T) {
	o := AvgPool2D{Kernel: [2]int{1 << 20, 1 << 20}, Stride: [2]int{1, 1}, Padding: [2]int{1 << 19, 1 << 19}}
	y, err := run(graph.Context{}, o, []*tensor.Tensor{tensor.Of([]float32{3}, 1, 1, 1, 1)}, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if !y.Shape().Equal(tensor.Shape{1, 1, 2, 2}) || y.Float32s()[0] != 3 {
		t.Errorf("got %v %v", y, y.Float32s())
	}
}

// FuzzInfer decodes attributes and infers shapes of hostile sizes.
func FuzzInfer(f *testing.F) {
	f.Add(5, []byte(`{"stride":[1,1],"padding":[0,0],"dilation":[1,1],"groups":1}`), 1, 3, 8, 8, 4)
	f.Add(11, []byte(`{"kernel":[3,3],"stride":[2,2],"padding":[1,1],"dilation":[1,1],"ceil_mode":true}`), 1, 3, 1<<40, 8, 4)
	f.Add(8, []byte(`{"start":1,"end":-1}`), 1<<62, 3, 0, 8, 4)
	f.Fuzz(func(t *testing.T, kind int, attrs []byte, n, c, h, w, o int) {
		kinds := Kinds()
		op, err := Decode(kinds[uint(kind)%uint(len(kinds))], attrs)
		if err != nil {
			t.Skip()
		}
		x := tensor.Shape{n, c, h, w}
		for _, in := range [][]graph.Fact{shapes(x), shapes(x, x), shapes(x, tensor.Shape{o, c, w, h}), shapes(tensor.Shape{o, n}, tensor.Shape{c, n})} {
			types, err := op.Infer(in)
			if err != nil {
				continue
			}
			for _, r := range types {
				if numel, err := r.Shape.CheckedNumel(); err != nil || numel > maxElements {
					t.Fatalf("%s %s of %v: %v", op.Kind(), attrs, in, r)
				}
			}
		}
	})
}
