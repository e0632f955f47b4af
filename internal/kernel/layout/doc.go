// Package layout moves images between the row-major order of tensors,
// [image][channel][pixel], and the channels-last order in which kernels compute,
// [image][pixel][channel]. Both are the same transposition of a matrix. A kernel
// is a row of Table; for every row r and column c
//
//	Dst[c*Rows + r] = Src[r*Stride + c]
//
// It sees raw slices; it must not know tensors, graphs or other families.
package layout
