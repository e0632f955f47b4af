// Package requant8 requantizes int32 accumulators to quint8 codes by the rule of a
// quant.Requant. A kernel is a row of Table; for every row m and column n
//
//	Out[m*LD + n] = Requant.Code(Acc[m*N + n], First + n)
//
// or, for float32 results, with f32 rounding after each operation,
//
//	Real[m*LD + n] = clamp(f32(Acc[m*N + n])*Scale[First+n] + Bias[First+n], Lo, Hi)
//
// where each row of the operand has a scale and a zero point of its own,
//
//	Real[m*LD + n] = clamp(f32(Acc[m*N + n] - Zeros[m]*Sums[First+n])*f32(Scales[m]*Scale[First+n]) + Bias[First+n], Lo, Hi)
//
// It runs on the block of accumulators that gemm8 or depthwise8 has just written, while
// it is in the first-level cache.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package requant8
