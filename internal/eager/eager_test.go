package eager

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func codes(r *rand.Rand, q *tensor.QParams, shape ...int) *tensor.Tensor {
	x := make([]uint8, tensor.Shape(shape).Numel())
	for i := range x {
		x[i] = uint8(r.Uint32())
	}
	return tensor.OfQuantized(x, q, shape...)
}

// Every function gives what its operator defines, under every preset.
func TestEqualsOperators(t *testing.T) {
	r := testseed.Rand(t)
	qa, qb, qo := tensor.Affine(0.02, 110), tensor.Affine(0.013, 3), tensor.Affine(0.04, 77)
	a, b := codes(r, qa, 2, 6, 5, 5), codes(r, qb, 2, 6, 5, 5)
	s := codes(r, qb, 2, 6, 1, 1)
	w := make([]int8, 4*6*3*3)
	for i := range w {
		w[i] = int8(r.Uint32())
	}
	weight := tensor.OfQuantized(w, tensor.Affine(0.001, 0), 4, 6, 3, 3)
	square := tensor.OfQuantized(w[:35], tensor.Affine(0.01, 0), 7, 5)
	bias := tensor.Of([]float32{1, -2, 0, 0.5}, 4)
	conv := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1, Act: quant.ReLU}
	max3 := op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	avg := op.AvgPool2D{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, CountIncludePad: true}
	out := graph.Type{DType: tensor.QUInt8, Q: qo}
	for _, n := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN} {
		with := WithNumerics(n)
		for _, c := range []struct {
			op       graph.Op
			out      graph.Type
			operands []*tensor.Tensor
			call     func() (*tensor.Tensor, error)
		}{
			{conv, out, []*tensor.Tensor{a, weight, bias}, func() (*tensor.Tensor, error) {
				return Conv2D(a, weight, bias, op.Conv2D{Padding: [2]int{1, 1}, Act: quant.ReLU}, qo, with)
			}},
			{conv, graph.Float32, []*tensor.Tensor{a, weight}, func() (*tensor.Tensor, error) { return Conv2D(a, weight, nil, conv, nil, with) }},
			{op.Linear{}, out, []*tensor.Tensor{a, square}, func() (*tensor.Tensor, error) { return Linear(a, square, nil, op.Linear{}, qo, with) }},
			{op.Add{}, out, []*tensor.Tensor{a, b}, func() (*tensor.Tensor, error) { return Add(a, b, qo, with) }},
			{op.Add{Act: quant.ReLU}, out, []*tensor.Tensor{a, b}, func() (*tensor.Tensor, error) { return AddReLU(a, b, qo, with) }},
			{op.Mul{}, out, []*tensor.Tensor{a, s}, func() (*tensor.Tensor, error) { return Mul(a, s, qo, with, WithThreads(1)) }},
			{op.MatMul{}, out, []*tensor.Tensor{a, b}, func() (*tensor.Tensor, error) { return MatMul(a, b, qo, with) }},
			{op.Cat{Axis: 1}, out, []*tensor.Tensor{a, b, a}, func() (*tensor.Tensor, error) { return Cat(1, []*tensor.Tensor{a, b, a}, qo, with) }},
			{op.Clamp{Act: quant.ReLU}, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) { return ReLU(a, with) }},
			{op.Clamp{Act: quant.ReLU6}, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) { return ReLU6(a, with) }},
			{max3, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) { return MaxPool2D(a, max3, with) }},
			{avg, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) {
				return AvgPool2D(a, op.AvgPool2D{Kernel: [2]int{2, 2}, CountIncludePad: true}, with)
			}},
			{op.AdaptiveAvgPool2D{Output: [2]int{2, 3}}, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) { return AdaptiveAvgPool2D(a, 2, 3, with) }},
			{op.Flatten{Start: 1, End: -1}, like(a), []*tensor.Tensor{a}, func() (*tensor.Tensor, error) { return Flatten(a, 1, -1, with) }},
		} {
			types, err := c.op.Infer(graph.FactsOf(c.operands...))
			if err != nil {
				t.Fatal(err)
			}
			c.out.Shape = types[0].Shape
			results, err := c.op.Eval(graph.Context{Numerics: n}, c.operands, []graph.Type{c.out})
			if err != nil {
				t.Fatal(err)
			}
			want := results[0]
			got, err := c.call()
			if err != nil {
				t.Fatalf("%v %s: %v", n, c.op.Kind(), err)
			}
			if !got.Shape().Equal(want.Shape()) || got.DType() != want.DType() || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("%v %s: %v differs from the operator's %v", n, c.op.Kind(), got, want)
			}
		}
	}
}

// Map computes every function of one number, as the operator does.
func TestMapCoversEveryFunction(t *testing.T) {
	r := testseed.Rand(t)
	x := codes(r, tensor.Affine(0.05, 100), 2, 3, 4, 5)
	own := tensor.Affine(0.03, 7)
	for _, proto := range op.Prototypes() {
		o, ok := proto.(op.Unary)
		codes := func(s graph.Signature) bool { return s.Out == tensor.QUInt8 }
		if !ok || !slices.ContainsFunc(proto.Signatures(), codes) {
			continue
		}
		q := own
		for _, s := range o.Signatures() {
			if s.Out == tensor.QUInt8 && (s.SameQ || s.FixedQ != nil) {
				q = nil
			}
		}
		got, err := Map(o, x, q, WithNumerics(quant.QNNPACK))
		if err != nil {
			t.Errorf("%s: %v", o.Kind(), err)
			continue
		}
		want, err := o.Eval(graph.Context{Numerics: quant.QNNPACK}, []*tensor.Tensor{x}, []graph.Type{graph.TypeOf(got)})
		if err != nil || !bytes.Equal(got.Bytes(), want[0].Bytes()) {
			t.Errorf("%s: %v differs from the operator's, %v", o.Kind(), got, err)
		}
	}
}

func TestErrorsNameTheOperator(t *testing.T) {
	q := tensor.Affine(0.1, 0)
	x := tensor.NewQuantized(tensor.QUInt8, q, 1, 2, 3, 3)
	y := tensor.NewQuantized(tensor.QUInt8, q, 1, 2, 3, 4)
	f := tensor.New(tensor.Float32, 1, 2, 3, 3)
	for want, call := range map[string]func() (*tensor.Tensor, error){
		"add: a quantized result needs a scale": func() (*tensor.Tensor, error) { return Add(x, x, nil) },
		"mul: the operands are float32":         func() (*tensor.Tensor, error) { return Mul(f, f, q) },
		"shapes [1, 2, 3, 3] and [1, 2, 3, 4]":  func() (*tensor.Tensor, error) { return Add(x, y, q) },
		"relu: operand 0 is nil":                func() (*tensor.Tensor, error) { return ReLU(nil) },
		"add: result: zero point 0 is 300":      func() (*tensor.Tensor, error) { return Add(x, x, tensor.Affine(1, 300)) },
		"no rule for quint8, float32 -> quint8": func() (*tensor.Tensor, error) { return Add(x, f, q) },
		"matmul: operand 1 is nil":              func() (*tensor.Tensor, error) { return MatMul(x, nil, q) },
		"cat: takes at least one tensor":        func() (*tensor.Tensor, error) { return Cat(0, nil, nil) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
