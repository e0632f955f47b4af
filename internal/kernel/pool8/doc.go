// Package pool8 pools windows of channels-last codes. A kernel is a row of
// Table. A window is a list of input pixels (Cells), so that one kernel serves
// any kernel size, padding, dilation and adaptive or global pooling:
//
//	max:     Out[m][c] = max over cells of x[cell][c]
//	average: Out[m][c] = Rule.Code(sum over cells of x[cell][c], cells, Mult[m])
//
// It sees raw slices; it must not know tensors, graphs or other families.
package pool8
