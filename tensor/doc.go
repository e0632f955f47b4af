// Package tensor owns data: element types, shapes, quantization parameters and
// dense row-major tensors. It holds no arithmetic and knows no operator, no
// file format and no graph; everything above it does.
//
// Images are laid out N, C, H, W. A tensor of a quantized dtype (QUInt8, QInt8,
// QInt32) carries the QParams that give its integers a meaning:
//
//	real = (int - zero_point) * scale
package tensor
