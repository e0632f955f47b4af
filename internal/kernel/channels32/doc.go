// Package channels32 passes over rows of channels, float32 activations that lie
// channels last, with parameters of each channel: what training needs around
// its matrix products. A kernel is a row of Table and makes six passes. With
// rows m and channels c,
//
//	Stats:  of x[m][c], its sum and sum of squares around Shift[c], its minimum and maximum
//	Finish: v = f32(x*Alpha[c]) + Beta[c], then clamp(v), then, with Quant, what the
//	        code of it stands for; and whether a gradient passes, one bit a number
//	Reduce: with g = up where the bit is set and 0 elsewhere, the sums of g and of g*(x-Mean[c])
//	Apply:  out (+)= A[c]*g + B[c]*x + C[c]
//	Learn:  what g has to do with the scale and the zero point that Finish rounds by
//	Decode: what codes stand for, and whether a gradient passes
//
// which are batch norm, activation and fake-quantization forward and backward,
// in one pass each. Finish and Decode give the same bits on every machine; the others
// differ between kernels, and from the references, by rounding.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package channels32
