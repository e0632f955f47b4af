// Package filters32 computes the depthwise convolutions of training: it convolves each
// channel of channels-last float32 images with its own filter, whose weights change at
// every call. A kernel is a row of Table. For pixel m and channel c,
//
//	Filter:  Out[m][c] (+)= sum over t of x[m][t][c] * W[t][c]
//	Weights: Out[t][c] += sum over m of x[m][t][c] * Y[m][c]
//
// Filter is the forward pass and, with gradients as x, the gradient of the input;
// Weights is the gradient of the weights. Offset is where the channels of tap t start; a
// negative offset stands for zeros.
//
// Results of Filter do not depend on its division into calls, those of Weights only on
// the ranges of pixels given. Kernels differ from each other by rounding.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package filters32
