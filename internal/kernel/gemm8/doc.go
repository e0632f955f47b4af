// Package gemm8 multiplies unsigned codes by signed weights into exact int32
// sums. A kernel is a row of Table. For every output row m and column n,
//
//	Acc[m][n] = sum over k of (x[m][k] - zero) * w[n][k]
//
// where zero is the input's zero point: its part, -zero*sum(w[n]), is folded
// into the starting value of the sums when the weights are packed.
//
// A kernel may also turn the sums into codes, by a rule of package quant, before
// they leave its registers.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package gemm8
