// Package argmax32 takes the largest of some float32 numbers and remembers which
// it was: the max pools of training, channels last. A kernel is a row of Table.
// For pixel m and channel c,
//
//	Out[m][c] = max over t of x[m][t][c];  Which[m][c] = the first t that has it
//
// Offset says where the channels of tap t start; a negative offset stands for
// -Inf. All kernels give the same bits; NaN is not looked for.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package argmax32
