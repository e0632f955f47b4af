// Package real32 computes functions of float32 numbers in the steps that vectors have:
// additions, multiplications and divisions, each rounded, without branches or fused steps.
// Rows of kernel tables in plain Go use it, and rows in assembly do the same steps, so
// all give the same bits.
//
// The functions of package quant, which codes depend on, are exact to the last bit or
// nearly so; these are within the bounds that tests hold them to.
//
// It must not know kernels.
package real32
