// Package requant8 turns int32 sums into quint8 codes by the rule of a
// quant.Requant. A kernel is a row of Table; for every row m and column n
//
//	Out[m*LD + n] = Requant.Code(Acc[m*N + n], First + n)
//
// It runs on the block of sums that gemm8 or depthwise8 has just written, while
// it is in the first-level cache.
package requant8
