package rule

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
)

// Where a channel does not exceed, no accumulator leaves int32 before it is rounded; where it
// is only near the limit, or no number, it counts as exceeding.
func TestExceeds(t *testing.T) {
	r := testseed.Rand(t)
	draw := func() float32 { return float32(r.NormFloat64() * math.Exp(r.NormFloat64()*12)) }
	counts := map[bool]int{}
	for range 20000 {
		q := &quant.Requant{Rule: quant.RequantRule(r.IntN(3)), Mult: []float32{draw()}, Bias: []float32{draw()},
			BiasInt: []int32{int32(r.Uint32())}, BiasMul: draw()}
		got := Exceeds(q, 0)
		counts[got]++
		for _, acc := range []int32{math.MinInt32, math.MaxInt32, int32(r.Uint32())} {
			v := real(q, acc)
			if !got && !(v >= -0x1p31 && v < 0x1p31) {
				t.Fatalf("rule %d makes %v of %d: %+v", q.Rule, v, acc, q)
			}
		}
	}
	if counts[true] < 1000 || counts[false] < 1000 {
		t.Errorf("%v", counts)
	}
	nan := float32(math.NaN())
	for i := range 3 {
		q := &quant.Requant{Rule: quant.RequantRule(i), Mult: []float32{nan}, Bias: []float32{0}, BiasInt: []int32{0}}
		if !Exceeds(q, 0) {
			t.Errorf("rule %d with NaN does not exceed", i)
		}
	}
}

// real is what an accumulator becomes before it is rounded.
func real(q *quant.Requant, acc int32) (v float32) {
	switch q.Rule {
	case quant.AddBias:
		v = float32((float32(acc) + q.Bias[0]) * q.Mult[0])
	case quant.IntBias:
		v = float32(float32(acc+q.BiasInt[0]) * q.Mult[0])
	case quant.FusedBias:
		v = float32(quant.FMA32(q.Bias[0], q.BiasMul, float32(acc)) * q.Mult[0])
	case quant.RealBias:
		v = float32(float32(float32(float32(acc)*q.Mult[0])+q.Bias[0])*q.BiasMul) + float32(q.Zero)
	}
	return v
}

// Where a rule is narrow, no accumulator leaves 16 bits.
func TestNarrow(t *testing.T) {
	r := testseed.Rand(t)
	draw := func() float32 { return float32(r.NormFloat64() * math.Exp(r.NormFloat64()*6)) }
	narrow := 0
	for range 20000 {
		q := &quant.Requant{Rule: quant.RequantRule(r.IntN(4)), Mult: []float32{draw()}, Bias: []float32{draw()},
			BiasInt: []int32{int32(r.Uint32()) >> r.IntN(32)}, BiasMul: draw(), Zero: int32(r.IntN(256))}
		most := int64(math.Exp(r.Float64() * 17))
		got := Arm64(q, 0, []int64{most})
		if got != Narrow {
			continue
		}
		narrow++
		most = min(255*most, math.MaxInt32)
		for _, acc := range []int32{int32(-most), int32(most), int32(r.Int64N(2*most+1) - most)} {
			if v := real(q, acc); !(v > -0x1p15+256 && v < 0x1p15-256) {
				t.Fatalf("rule %d makes %v of %d: %+v", q.Rule, v, acc, q)
			}
		}
	}
	if narrow < 1000 {
		t.Errorf("only %d rules are narrow", narrow)
	}
}
