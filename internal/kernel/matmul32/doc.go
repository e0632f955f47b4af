// Package matmul32 multiplies float32 matrices that both change from call to call, as
// training needs. A kernel is a row of Table and computes two products. Rows gives, for
// output row m and column n,
//
//	Out[m][n] (+)= sum over k of x[m][k] * w[k][n]
//
// the forward pass of a convolution and, with gradients as x and the taps in reverse
// order, the gradient of its input. Outer gives
//
//	Out[k][n] (+)= sum over m of x[m][k] * y[m][n]
//
// the gradient of its weights.
//
// Rows of x are plain, Stride apart, or indirect: K is then Taps runs of Depth numbers,
// and Offset is the indirection buffer, with the start of each run; a negative offset
// stands for zeros.
//
// The order in which a result's products are added depends on Taps, Depth and
// the kernel (Rows), or on the range of rows given (Outer), never on how the
// results are divided into calls. Kernels differ from each other, and from the
// references, by rounding.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package matmul32
