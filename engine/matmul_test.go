package engine

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// codesOf is a tensor of random codes with a zero point, which may be the least or the
// greatest code or in the middle.
func codesOf(r *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	lo, hi := d.CodeRange()
	q := tensor.Affine(math.Exp(r.Float64()-4), []int64{lo, hi, lo + 128, lo + int64(r.IntN(256))}[r.IntN(4)])
	t := tensor.NewQuantized(d, q, shape...)
	for i := range t.Bytes() {
		t.Bytes()[i] = []byte{byte(r.Uint32()), byte(lo), byte(hi)}[min(2, r.IntN(6))]
	}
	return t
}

// Products of matrices of codes of any sort are the operator's, also those of more rows than
// are multiplied at a time, in more pieces than one, and of stacks that repeat.
func TestMatMulOfCodes(t *testing.T) {
	r := testseed.Rand(t)
	dtypes := []tensor.DType{tensor.QUInt8, tensor.QInt8}
	for i := range 16 {
		sizes := []int{1, 2, 3, 4, 5, 8, 17, 33, 64, 97}
		m, k, n := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
		if i%8 == 0 {
			m, k, n = 150+r.IntN(100), 1+r.IntN(300), 1+r.IntN(200)
		}
		if i%8 == 4 { // columns that do not fit one piece
			m, k, n = 1+r.IntN(5), 3000+r.IntN(1000), 100+r.IntN(50)
		}
		lead := [][2][]int{{{}, {}}, {{3}, {3}}, {{2, 1}, {3}}, {{}, {2, 2}}}[r.IntN(4)]
		a := codesOf(r, dtypes[r.IntN(2)], append(lead[0], m, k)...)
		b := codesOf(r, dtypes[r.IntN(2)], append(lead[1], k, n)...)
		g := graph.New("product")
		g.Numerics = []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN}[i%3]
		p, q := g.AddInput("a", graph.TypeOf(a)), g.AddInput("b", graph.TypeOf(b))
		p.Type.Shape, q.Type.Shape = nil, nil
		y := g.AddNode("product", op.MatMul{}, p, q)
		d := dtypes[r.IntN(2)]
		y.Type = graph.Type{DType: d, Q: codesOf(r, d, 1).QParams()}
		y.Type.Q.Scales[0] = a.QParams().Scale() * b.QParams().Scale() * 100 * math.Sqrt(float64(k))
		g.Outputs = []*graph.Value{y}
		ref, err := Reference(g)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ref.Run(context.Background(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range Levels() {
			got, err := session(t, g, Options{CPU: level, Threads: 1 + r.IntN(3)}).Run(context.Background(), a, b)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, level, got[0], want[0])
		}
	}
}

// Products without rows or columns are empty.
func TestEmptyProducts(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.QUInt8} {
		v := graph.Type{DType: d}
		if d.IsQuantized() {
			v.Q = tensor.Affine(0.1, 3)
		}
		g := graph.New("empty")
		g.Numerics = quant.FBGEMM
		y := g.AddNode("product", op.MatMul{}, g.AddInput("a", v), g.AddInput("b", v))
		y.Type = v
		g.Outputs = []*graph.Value{y}
		sized := func(shape ...int) *tensor.Tensor { return newTensor(graph.Type{DType: d, Q: v.Q, Shape: shape}) }
		for _, level := range Levels() {
			s := session(t, g, Options{CPU: level})
			for _, size := range [][3]int{{0, 3, 4}, {3, 4, 0}} {
				got, err := s.Run(context.Background(), sized(size[0], size[1]), sized(size[1], size[2]))
				if err != nil || !got[0].Shape().Equal(tensor.Shape{size[0], size[2]}) {
					t.Errorf("%v %v on %q: %v, %v", d, size, level, got, err)
				}
			}
			if _, err := s.Run(context.Background(), sized(3, 0), sized(0, 4)); err == nil {
				t.Errorf("%v on %q: sums of nothing", d, level)
			}
		}
	}
}

// A product of two constants, which a reader left to the run, is the operator's.
func TestProductOfConstants(t *testing.T) {
	r := testseed.Rand(t)
	real := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.IntN(9) - 4) // whole, so that the order of sums does not matter
		}
		return x
	}
	for _, d := range []tensor.DType{tensor.Float32, tensor.QUInt8} {
		g := graph.New("constants")
		g.Numerics = quant.ONNX
		a, b := real(3, 5, 7), real(7, 4)
		if d.IsQuantized() {
			a, b = codesOf(r, d, 3, 5, 7), codesOf(r, d, 7, 4)
		}
		y := g.AddNode("product", op.MatMul{}, g.AddConst("a", a), g.AddConst("b", b))
		if y.Type.DType = d; d.IsQuantized() {
			y.Type.Q = tensor.Affine(0.5, 3)
			y = g.AddNode("reals", op.Dequantize{}, y)
		}
		g.Outputs = []*graph.Value{g.AddNode("sum", op.Add{}, y, g.AddInput("x", graph.Float32))}
		x := real(4)
		ref, err := Reference(g)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ref.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range Levels() {
			got, err := session(t, g, Options{CPU: level}).Run(context.Background(), x)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, level, got[0], want[0])
		}
	}
}
