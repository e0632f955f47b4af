package rule

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// The values of Constants.Rule. With Accumulators, a routine stores its accumulators without an
// epilogue.
const (
	Accumulators = iota
	AddBias
	IntBias
	FusedBias
	RealBias
)

// values are those by quant's rules.
var values = [...]int{
	quant.AddBias: AddBias, quant.IntBias: IntBias, quant.FusedBias: FusedBias, quant.RealBias: RealBias,
}

// Constants are the parameters that all channels share. Routines rely on the layout.
type Constants struct {
	Rule     int // one of the values above
	biasMul  float32
	realZero float32 // RealBias adds the zero point before it rounds
	zero     int16   // added after rounding
	lo, hi   uint8
	_        int32
}

// Of returns the constants of q.
func Of(q *quant.Requant) Constants {
	c := Constants{Rule: values[q.Rule], biasMul: q.BiasMul, zero: int16(q.Zero), lo: uint8(q.Lo), hi: uint8(q.Hi)}
	if q.Rule == quant.RealBias {
		c.realZero, c.zero = float32(q.Zero), 0
	}
	return c
}

// Bias returns the bits of channel c's bias, which is an integer or a real number.
func Bias(q *quant.Requant, c int) uint32 {
	if q.Rule == quant.IntBias {
		return uint32(q.BiasInt[c])
	}
	return math.Float32bits(q.Bias[c])
}

// Large is added to the rule of routines for arm64 where a number may exceed int32 before it
// is rounded: the contract makes the least code of it, clamping the largest.
const Large = 8

// LargeOf returns Large if a channel of n from first on may have such a number, otherwise 0.
func LargeOf(q *quant.Requant, first, n int) int {
	for c := first; c < first+n; c++ {
		if Exceeds(q, c) {
			return Large
		}
	}
	return 0
}

// Exceeds reports whether the number that an accumulator of channel c becomes may exceed
// int32, or be no number, before it is rounded.
func Exceeds(q *quant.Requant, c int) bool {
	const sums, limit = 0x1p31, 0x1p30 // what rounding adds is far less
	mult := math.Abs(float64(q.Mult[c]))
	switch q.Rule {
	case quant.AddBias:
		return !((sums+math.Abs(float64(q.Bias[c])))*mult < limit)
	case quant.FusedBias:
		return !((sums+math.Abs(float64(q.Bias[c])*float64(q.BiasMul)))*mult < limit)
	case quant.IntBias:
		return !(sums*mult < limit)
	}
	return false // RealBias clamps before it rounds
}

// Narrow is added to the rule of routines for arm64 where no number leaves 16 bits when it is
// rounded: codes are then made of halves, which saturate.
const Narrow = 16

// Arm64 returns what the rule of routines for arm64 has added for the channels of q from first
// on, one for each of weights: the sum of the magnitudes of its weights.
func Arm64(q *quant.Requant, first int, weights []int64) int {
	narrow := Narrow
	for i, w := range weights {
		if Exceeds(q, first+i) {
			return Large
		}
		if !fits(q, first+i, 255*float64(w)) {
			narrow = 0
		}
	}
	return narrow
}

// fits reports whether the number that an accumulator of channel c becomes, whose magnitude
// is at most sum, fits 16 bits.
func fits(q *quant.Requant, c int, sum float64) bool {
	const limit = 32000 // what rounding adds is far less than what is left
	if q.Rule == quant.IntBias {
		sum += math.Abs(float64(q.BiasInt[c]))
	}
	if !(sum < 1<<31) { // it may wrap
		return false
	}
	abs := func(x float32) float64 { return math.Abs(float64(x)) }
	mult := abs(q.Mult[c])
	switch q.Rule {
	case quant.AddBias:
		return (sum+abs(q.Bias[c]))*mult < limit
	case quant.FusedBias:
		return (sum+abs(q.Bias[c])*abs(q.BiasMul))*mult < limit
	case quant.IntBias:
		return sum*mult < limit
	default:
		return (sum*mult+abs(q.Bias[c]))*abs(q.BiasMul)+math.Abs(float64(q.Zero)) < limit
	}
}
