// Package op is the operator set: one file per operator with its attributes,
// the shape of its result, the element types it accepts, and an evaluation that
// is slow, obvious and written from the numeric contract in package quant. The
// kernels of the engine are tested against it.
//
// Operators are plain values with JSON tags. Images are [N, C, H, W] and pairs
// of attributes are (height, width). A new operator is a new file and a row in
// the table of registry.go.
//
// # Integers
//
// What an operator does to codes is PyTorch's vector formula, and the
// channels-last formula where memory layouts differ, for every element; the
// scalar tails of PyTorch's loops are not reproduced. Padding contributes zero,
// accumulators are exact (modulo 2^32) and never saturate.
//
// # Floats
//
// Reductions (conv2d, linear, matmul) are accumulated in float64, in which each product is
// exact, over the reduction index in row-major order, and rounded to float32 once; bias and
// activation follow in float32. The result is therefore the same on every machine, and at least
// as accurate as any float32 kernel.
//
// op evaluates one operator at a time; it must not know files, engines, CPUs or passes.
package op
