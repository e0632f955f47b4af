package quant

import (
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// Kernels know unsigned codes. They hold those of qint8 128 higher, which with zero points
// and limits 128 higher are the same numbers, and every rule that computes with the
// distance of a code from its zero point, and adds a zero point to an integer, gives the
// same results for them. Rules that depend on the type are chosen by the codes' own.

// offset8 is how much higher an unsigned code is than the signed one.
const offset8 = 128

// Unsigned returns the parameters of the same numbers by codes of quint8: those of qint8
// have zero points 128 higher, those of quint8 are q.
func Unsigned(q *tensor.QParams, d tensor.DType) *tensor.QParams {
	if d != tensor.QInt8 {
		return q
	}
	u := *q
	u.ZeroPoints = slices.Clone(q.ZeroPoints)
	for i := range u.ZeroPoints {
		u.ZeroPoints[i] += offset8
	}
	return &u
}

// Unsigned returns the rule of qint8 results for codes 128 higher; false for RealBias,
// which rounds the sum of a real number and the zero point.
func (r *Requant) Unsigned() (*Requant, bool) {
	u := *r
	u.Zero, u.Lo, u.Hi = r.Zero+offset8, r.Lo+offset8, r.Hi+offset8
	return &u, r.Rule != RealBias
}

// Unsigned returns the rule of qint8 for codes 128 higher.
func (p *Average) Unsigned() *Average {
	u := *p
	u.zero, u.lo, u.hi = p.zero+offset8, p.lo+offset8, p.hi+offset8
	u.from = p.from + offset8
	return &u
}

// Unsigned returns the constants of qint8 for codes 128 higher.
func (c MulConstants) Unsigned() MulConstants {
	c.AZero, c.BZero = c.AZero+offset8, c.BZero+offset8
	c.Zero, c.Lo, c.Hi = c.Zero+offset8, c.Lo+offset8, c.Hi+offset8
	return c
}
