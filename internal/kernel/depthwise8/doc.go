// Package depthwise8 convolves each channel of channels-last codes with its own
// filter, into exact int32 accumulators. A kernel is a row of Table; for every output
// row (pixel) m and channel c
//
//	Acc[m][c] = Init[c] + sum over t of x[m][t][c] * w[t][c]
//
// where Init is -zero*sum(w[.][c]), and x[m][t] are the channels of the input
// pixel under tap t, or padding, which holds the zero point. Addressing is that
// of gemm8's indirect rows. A kernel may also requantize the accumulators in
// registers, by a rule of package quant.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package depthwise8
