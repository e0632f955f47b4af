// Package channels32 passes over channels-last float32 activations with parameters for
// each channel: what training needs around its matrix products. A kernel is a row of
// Table and makes six passes. With rows m and channels c,
//
//	Stats:  of x[m][c], its sum and sum of squares around Shift[c], its minimum and maximum
//	Finish: v = f32(x*Alpha[c]) + Beta[c], then clamp(v), then, with Quant, its
//	        fake-quantized value; and a mask of one bit per element: whether a gradient passes
//	Reduce: with g = up where the bit is set and 0 elsewhere, the sums of g and of g*(x-Mean[c])
//	Apply:  out (+)= A[c]*g + B[c]*x + C[c]
//	Learn:  the gradients of the scale and the zero point that Finish quantizes with
//	Decode: dequantized codes, and the mask of gradients
//
// which are batch norm, activation and fake-quantization forward and backward,
// in one pass each. Finish and Decode give the same bits on every machine; the others
// differ between kernels, and from the references, by rounding.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package channels32
