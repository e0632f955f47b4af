// Package depthwise32 convolves each channel of channels-last float32 images
// with its own filter. A kernel is a row of Table; for every output row (pixel)
// m and channel c
//
//	Out[m][c] = clamp(Bias[c] + sum over t of x[m][t][c] * w[t][c], Lo, Hi)
//
// added in the order of t. Whether a product is rounded before it is added is the
// kernel's choice, the same for every result; so a result is the same at any
// thread count and batch split, and kernels differ by rounding. Addressing is
// that of sgemm's indirect rows; padding is zero.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package depthwise32
