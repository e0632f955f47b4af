package elementwise8

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// rules draws the rules of one addition and one product: usual scales, and such
// that everything saturates or nothing is left.
func rules(r *rand.Rand, n quant.Numerics, dtype tensor.DType) (*quant.Add, *quant.Mul) {
	lo, _ := dtype.CodeRange()
	params := func() *tensor.QParams {
		scale := math.Exp(r.Float64()*8 - 6)
		switch r.IntN(8) {
		case 0:
			scale = 1
		case 1:
			scale = math.Exp(r.Float64()*60 - 30)
		case 2:
			scale = []float64{1e-38, 1e-44, 3e38}[r.IntN(3)]
		}
		return tensor.Affine(scale, lo+[]int64{0, 255, int64(r.IntN(256))}[r.IntN(3)])
	}
	a, b, out := params(), params(), params()
	act := quant.Activation(r.IntN(3))
	return quant.NewAdd(n, a, b, out, dtype, act), quant.NewMul(n, a, b, out, dtype, act)
}

// draw returns a call for function f and its rule, or false where the rule drawn
// does not fit f. Lengths and operands are the caller's.
func draw(r *rand.Rand, f Function) (c Call, rule func(a, b int32) int32, ok bool) {
	numerics, dtype := quant.FBGEMM, tensor.QUInt8
	switch f {
	case AddFixed:
		numerics = quant.QNNPACK
	case AddSigned:
		dtype = tensor.QInt8
	case MulEarly, AddRatio:
		numerics = quant.ONNX
	case AddRatioSigned:
		numerics, dtype = quant.ONNX, tensor.QInt8
	}
	add, mul := rules(r, numerics, dtype)
	signed, k := r.IntN(2) == 0, int32(r.Uint32())
	switch f {
	case Map:
		c.Unary = NewUnary(signed, func(v int32) int32 { return v*7 + k })
		return c, nil, true
	case Pair:
		c.Binary = NewBinary(signed, func(a, b int32) int32 { return a*5 - b*k })
		return c, nil, true
	case Mul, MulEarly:
		c.Mul = mul.Constants()
		return c, mul.Code, true
	case AddFloat:
		c.AddFloat, ok = add.Float()
	case AddSigned:
		c.AddFloat, ok = add.Float()
		return c, func(a, b int32) int32 { return add.Code(a-128, b-128) + 128 }, ok
	case AddFixed:
		c.AddFixed, ok = add.Fixed()
	case AddRatio:
		c.AddRatio, ok = add.Ratio()
	case AddRatioSigned:
		c.AddRatio, ok = add.Ratio()
		return c, func(a, b int32) int32 { return add.Code(a-128, b-128) + 128 }, ok
	}
	return c, add.Code, ok
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 300 {
			c, rule, ok := draw(r, k.Function)
			if !ok {
				continue
			}
			// Shifted alignment, and operands whose neighbours are not theirs.
			at := 16 + r.IntN(8)
			operand := func() []uint8 {
				x := make([]uint8, at+n)[at:]
				for i := range x {
					x[i] = []uint8{uint8(r.Uint32()), uint8(r.Uint32()), 0, 255}[r.IntN(4)]
				}
				return x[:n:n]
			}
			c.A, c.B = operand(), operand()
			want := c
			want.Out = make([]uint8, n)
			Reference(&want, k.Function, rule)
			out := kerneltest.NewZone(n, at, uint8(0xA5))
			c.Out = out.Inner
			k.Run(&c)
			if !bytes.Equal(c.Out, want.Out) {
				t.Fatalf("n = %d: differs from the reference", n)
			}
			out.Check(t)
			c.Out = []([]uint8){c.A, c.B}[n%2]
			k.Run(&c)
			if !bytes.Equal(c.Out, want.Out) {
				t.Fatalf("n = %d: differs when the result is an operand", n)
			}
		}
	})
}

// Every pair of codes, for many rules.
func TestAllPairs(t *testing.T) {
	a, b := make([]uint8, 1<<16), make([]uint8, 1<<16)
	for i := range a {
		a[i], b[i] = uint8(i>>8), uint8(i)
	}
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		tried := 0
		for range 20 {
			c, rule, ok := draw(r, k.Function)
			if !ok {
				continue
			}
			tried++
			c.A, c.B, c.Out = a, b, make([]uint8, len(a))
			k.Run(&c)
			want := c
			want.Out = make([]uint8, len(a))
			Reference(&want, k.Function, rule)
			for i, v := range c.Out {
				if v != want.Out[i] {
					t.Fatalf("%d and %d give %d, want %d (%+v %+v %+v %+v)", a[i], b[i], v, want.Out[i], c.AddFloat, c.AddFixed, c.AddRatio, c.Mul)
				}
			}
		}
		if tried == 0 {
			t.Error("no rule fitted the kernel")
		}
	})
}

// Whatever the rule, type and machine, Prepare's kernel follows it.
func TestPrepare(t *testing.T) {
	r := testseed.Rand(t)
	a, b := make([]uint8, 999), make([]uint8, 999)
	for i := range a {
		a[i], b[i] = uint8(r.Uint32()), uint8(r.Uint32())
	}
	for i := range 12 {
		for _, f := range []cpu.Features{0, cpu.Host() &^ cpu.AVX512, cpu.Host()} {
			for _, signed := range []bool{false, true} {
				dtype, lo := tensor.QUInt8, int32(0)
				if signed {
					dtype, lo = tensor.QInt8, -128
				}
				add, mul := rules(r, quant.Numerics(1+i%4), dtype)
				for _, sum := range []bool{false, true} {
					k, c := Prepare(Table, nil, mul, signed, f)
					rule := mul.Code
					if sum {
						k, c = Prepare(Table, add, nil, signed, f)
						rule = add.Code
					}
					c.A, c.B, c.Out = a, b, make([]uint8, len(a))
					k.Run(&c)
					for j, v := range c.Out {
						if want := uint8(rule(int32(a[j])+lo, int32(b[j])+lo) - lo); v != want {
							t.Fatalf("%s, signed %v: %d and %d give %d, want %d", k.Name, signed, a[j], b[j], v, want)
						}
					}
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		c := Call{Unary: new(Unary), Binary: new(Binary), A: make([]uint8, 77), B: make([]uint8, 77), Out: make([]uint8, 77)}
		c.AddFixed.Shift = 1
		if n := testing.AllocsPerRun(10, func() { k.Run(&c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string {
		codes := "u8"
		switch k.Function {
		case Map, Pair:
			codes = "x8"
		case AddSigned, AddRatioSigned:
			codes = "s8"
		}
		return "elementwise_" + k.Function.String() + "_" + codes + "_" + k.ISA
	})
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			const n = 56 * 56 * 64
			c := Call{Unary: new(Unary), Binary: new(Binary), A: make([]uint8, n), B: make([]uint8, n), Out: make([]uint8, n)}
			c.AddFixed.Shift = 1
			r := rand.New(rand.NewPCG(1, 2))
			for i := range n {
				c.A[i], c.B[i] = uint8(r.NormFloat64()*20+60), uint8(r.NormFloat64()*20+60)
			}
			b.SetBytes(n)
			for b.Loop() {
				k.Run(&c)
			}
		})
	}
}

// Tables know signed codes as they are held, 128 higher.
func TestTablesOfSignedCodes(t *testing.T) {
	id := func(v int32) int32 { return v }
	signed, unsigned := NewUnary(true, id), NewUnary(false, id)
	diff := NewBinary(true, func(a, b int32) int32 { return max(-128, min(a-b, 127)) })
	for i := range 256 {
		if int(signed[i]) != i || int(unsigned[i]) != i {
			t.Fatalf("code %d maps to %d and %d", i, signed[i], unsigned[i])
		}
		if got, want := int(diff[i][131])-128, max(-128, i-128-3); got != want {
			t.Fatalf("%d - 3 = %d", i-128, got)
		}
	}
}
