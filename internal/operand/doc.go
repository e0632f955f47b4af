// Package operand owns how kernels locate the rows of the left operand of a matrix
// multiplication: in place, or by an indirection buffer of offsets. With it a convolution
// is multiplied as a linear layer is, without an im2col copy. It also owns how kernels
// locate the windows of a pooling, and how they prefetch weights. Kernel families embed
// its types in theirs, and the routines that internal/kernel/_asm writes rely on their
// layout.
//
// It must not know what is computed from them.
package operand
