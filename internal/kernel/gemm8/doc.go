// Package gemm8 multiplies unsigned codes by signed weights into exact int32
// accumulators. A kernel is a row of Table. For every output row m and column n,
//
//	Acc[m][n] = sum over k of (x[m][k] - zero) * w[n][k]
//
// where zero is the input's zero point: its contribution, -zero*sum(w[n]), is folded
// into the initial accumulators when the weights are packed.
//
// A kernel may also requantize the accumulators in registers, by a rule of package
// quant: requantization is then its epilogue.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package gemm8
