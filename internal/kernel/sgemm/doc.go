// Package sgemm multiplies float32 matrices. A kernel is a row of Table. For
// every output row m and column n,
//
//	Out[m*LD + n] = clamp(Bias[n] + sum over k of x[m][k] * w[n][k], Lo, Hi)
//
// The order in which a result's products are added depends on K and the kernel
// alone, never on how rows and columns are divided into calls: results are the
// same at any thread count and batch split. Kernels differ from each other, and
// from Reference, by rounding.
//
// Weights may be codes of 8 bits (Codes): a call makes numbers of each panel for all of its rows,
// so that few of them are in float32 at a time.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package sgemm
