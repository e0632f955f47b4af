// Package winograd8 convolves channels-last codes with filters of 3x3, stride 1,
// by Winograd's minimal algorithm F(2x2, 3x3) on integers: 2.25 times fewer
// multiplications than gemm8, and the same exact accumulators. A kernel is a row of
// Table.
//
// For each tile of 2x2 output pixels, with d the 4x4 input pixels under it and g
// a filter, channel by channel,
//
//	V = B'dB    U = (2G)g(2G)'    acc = A'(sum over channels of U*V)A / 4
//
// where B' is [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], 2G is [2 0 0; 1 1 1;
// 1 -1 1; 0 0 2] and A' is [1 1 1 0; 0 1 -1 -1]. Doubling G keeps everything
// integer, and the division exact. |V| <= 1020 and |U| <= 1152 fit 16 bits. Four times the
// result fits 32 bits up to MaxChannels, so intermediate sums may wrap around: the last
// one is right.
//
// The accumulators are requantized in registers, by a rule of package quant. The
// transformed filters take 32 bytes for 9 weights.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package winograd8
