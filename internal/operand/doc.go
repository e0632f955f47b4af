// Package operand says where kernels find the rows of a product's left operand,
// so that a convolution is the same product as a linear layer, without copying
// its input; and where they find the windows of a pooling. Kernel families embed
// its types in theirs, and the routines that internal/kernel/_asm writes rely on
// their layout.
//
// It must not know what is computed from them.
package operand
