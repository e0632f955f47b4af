// Package layout moves images between the row-major order of tensors,
// [image][channel][pixel], and the channels-last order in which kernels compute,
// [image][pixel][channel]. Both are the same transposition of a matrix.
package layout
