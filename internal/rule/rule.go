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
