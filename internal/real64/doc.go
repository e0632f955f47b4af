// Package real64 computes functions of float32 numbers in float64 and rounds them once: to the
// nearest float32, but for a few numbers nearly half-way between two. Every sum and product of
// float64 is rounded, without fused steps, and package math serves for roots and exponents
// alone, so the bits are the same on every machine. Operators without a kernel are made of these
// functions; those of real32 are faster. Ln and Turn give float64, to those who compute on.
//
// It must not know operators.
package real64
