// Package filters32 filters each channel of float32 images, channels last, by
// itself, with weights that change at every call: the depthwise convolutions of
// training. A kernel is a row of Table. For pixel m and channel c,
//
//	Filter:  Out[m][c] (+)= sum over t of x[m][t][c] * W[t][c]
//	Weights: Out[t][c] += sum over m of x[m][t][c] * Y[m][c]
//
// Filter is the forward form and, with the gradient for x, that of the input;
// Weights gives the gradient of the weights. Offset says where the channels of
// tap t start; a negative offset stands for zeros.
//
// Results do not depend on how Filter is divided into calls, those of Weights on
// the ranges of pixels given. Kernels differ from each other by rounding.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package filters32
