package quant

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// Rules of qint8 give the same results, 128 higher, for codes that are.
func TestUnsigned(t *testing.T) {
	r := testseed.Rand(t)
	params := func() *tensor.QParams {
		return tensor.Affine(math.Exp(r.Float64()*12-8), int64(r.IntN(256))-128)
	}
	for i := range 600 {
		n := Numerics(1 + i%3)
		in, w, out := params(), params(), params()
		act, bias := Activation(r.IntN(3)), []float32{float32(r.NormFloat64())}
		rule, err := NewRequant(n, in, w, out, tensor.QInt8, bias, act, 1)
		if err != nil {
			t.Fatal(err)
		}
		unsigned, ok := rule.Unsigned()
		if ok == (n == OneDNN) {
			t.Fatalf("%v: %v", n, ok)
		}
		average := NewAverage(n, out, tensor.QInt8)
		mul := NewMul(FBGEMM, in, w, out, tensor.QInt8, act).Constants()
		for range 50 {
			acc := int32(r.Uint32()) >> r.IntN(32)
			if got, want := unsigned.Code(acc, 0), rule.Code(acc, 0)+128; ok && got != want {
				t.Fatalf("%+v: sum %d gives %d, want %d", rule, acc, got, want)
			}
			count := 1 + r.IntN(60)
			sum, m := int32(r.IntN(255*count))-int32(128*count), average.Multiplier(count)
			if got, want := average.Unsigned().Code(sum+int32(128*count), count, m), average.Code(sum, count, m)+128; got != want {
				t.Fatalf("%+v: an average of %d codes with sum %d is %d, want %d", average, count, sum, got, want)
			}
		}
		u := mul.Unsigned()
		if u.AZero-mul.AZero != 128 || u.BZero-mul.BZero != 128 || u.Zero-mul.Zero != 128 || u.Lo-mul.Lo != 128 || u.Hi-mul.Hi != 128 {
			t.Fatalf("%+v became %+v", mul, u)
		}
		if q := Unsigned(out, tensor.QInt8); q.ZeroPoint() != out.ZeroPoint()+128 || q.Scale() != out.Scale() || Unsigned(out, tensor.QUInt8) != out {
			t.Fatalf("%v became %v", out, q)
		}
	}
}
