package requant8

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// Adding magic to |v| < 2^22 rounds v to an integer, ties to even, in the low bits of
// the sum. Larger values take quant.Requant.Code.
const (
	magic     = float32(3 << 22)
	magicBits = 0x4B400000
	small     = float32(1 << 22)
)

func run(c *Call) {
	for m := range c.M {
		acc := c.Acc[m*c.N:][:c.N]
		out := c.Out[m*c.LD:][:c.N]
		switch c.Rule.Rule {
		case quant.AddBias:
			addBias(out, acc, c.Rule, c.First)
		case quant.IntBias:
			intBias(out, acc, c.Rule, c.First)
		case quant.FusedBias:
			fusedBias(out, acc, c.Rule, c.First)
		default:
			for n, a := range acc {
				out[n] = uint8(c.Rule.Code(a, c.First+n))
			}
		}
	}
}

// code rounds and clamps a value below small in magnitude. Saturation at int16 happens
// beyond the range of codes, so one clamp is enough.
func code(v float32, zero, lo, hi int32) uint8 {
	r := int32(math.Float32bits(v+magic)) - magicBits
	return uint8(max(lo, min(r+zero, hi)))
}

func addBias(out []uint8, acc []int32, r *quant.Requant, first int) {
	bias, mult := r.Bias[first:][:len(acc)], r.Mult[first:][:len(acc)]
	zero, lo, hi := r.Zero, r.Lo, r.Hi
	out = out[:len(acc)]
	for n, a := range acc {
		v := float32((float32(a) + bias[n]) * mult[n])
		if v < small && v > -small {
			out[n] = code(v, zero, lo, hi)
		} else {
			out[n] = uint8(r.Code(a, first+n))
		}
	}
}

func intBias(out []uint8, acc []int32, r *quant.Requant, first int) {
	bias, mult := r.BiasInt[first:][:len(acc)], r.Mult[first:][:len(acc)]
	zero, lo, hi := r.Zero, r.Lo, r.Hi
	out = out[:len(acc)]
	for n, a := range acc {
		v := float32(float32(a+bias[n]) * mult[n])
		if v < small && v > -small {
			out[n] = code(v, zero, lo, hi)
		} else {
			out[n] = uint8(r.Code(a, first+n))
		}
	}
}

// fusedBias computes fma(bias, BiasMul, acc) in float64: the product is exact
// there, and rounding the sum a second time errs only from a tie of float32,
// which takes quant.Requant.Code, as do subnormal results.
func fusedBias(out []uint8, acc []int32, r *quant.Requant, first int) {
	bias, mult := r.Bias[first:][:len(acc)], r.Mult[first:][:len(acc)]
	biasMul := float64(r.BiasMul)
	zero, lo, hi := r.Zero, r.Lo, r.Hi
	out = out[:len(acc)]
	for n, a := range acc {
		s := float64(float64(bias[n])*biasMul) + float64(a)
		tie := math.Float64bits(s)&(1<<29-1) == 1<<28 || math.Abs(s) < 0x1p-100
		v := float32(float32(s) * mult[n])
		if v < small && v > -small && !tie {
			out[n] = code(v, zero, lo, hi)
		} else {
			out[n] = uint8(r.Code(a, first+n))
		}
	}
}

func runReal(c *Call) {
	for m := range c.M {
		acc := c.Acc[m*c.N:][:c.N]
		out := c.Real[m*c.LD:][:len(acc)]
		scale, bias := c.Scale[c.First:][:len(acc)], c.Bias[c.First:][:len(acc)]
		for n, a := range acc {
			v := float32(float32(a)*scale[n]) + bias[n]
			if v < c.Lo {
				v = c.Lo
			} else if v > c.Hi {
				v = c.Hi
			}
			out[n] = v
		}
	}
}

// runByRow is runReal where rows have scales and zero points of their own.
func runByRow(c *Call) {
	for m := range c.M {
		acc := c.Acc[m*c.N:][:c.N]
		out := c.Real[m*c.LD:][:len(acc)]
		scale, bias, sums := c.Scale[c.First:][:len(acc)], c.Bias[c.First:][:len(acc)], c.Sums[c.First:][:len(acc)]
		zero, s := int32(c.Zeros[m]), c.Scales[m]
		for n, a := range acc {
			v := float32(float32(a-zero*sums[n])*float32(s*scale[n])) + bias[n]
			if v < c.Lo {
				v = c.Lo
			} else if v > c.Hi {
				v = c.Hi
			}
			out[n] = v
		}
	}
}

// runFused is runReal with one rounding of product and sum. It is computed in float64, where the
// product is exact; what a second rounding might change takes quant.FMA32.
func runFused(c *Call) {
	for m := range c.M {
		acc := c.Acc[m*c.N:][:c.N]
		out := c.Real[m*c.LD:][:len(acc)]
		scale, bias := c.Scale[c.First:][:len(acc)], c.Bias[c.First:][:len(acc)]
		for n, a := range acc {
			s := float64(float64(float32(a))*float64(scale[n])) + float64(bias[n])
			v := float32(s)
			if math.Float64bits(s)&(1<<29-1) == 1<<28 || math.Abs(s) < 0x1p-100 {
				v = quant.FMA32(float32(a), scale[n], bias[n])
			}
			if v < c.Lo {
				v = c.Lo
			} else if v > c.Hi {
				v = c.Hi
			}
			out[n] = v
		}
	}
}
