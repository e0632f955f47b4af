// Package quantize converts float32 numbers to 8-bit codes and back. A kernel is a row of
// Table:
//
//	to codes: Codes[i] = Rule.Code(Real[i])
//	to reals: Real[i] = Reals[Codes[i]]
//
// where Reals tabulates quant.Dequantizer.Real over all codes.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package quantize
