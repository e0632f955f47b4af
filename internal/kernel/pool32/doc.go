// Package pool32 pools windows of channels-last float32 images, given as lists
// of input pixels. A kernel is a row of Table:
//
//	max:     Out[m][c] = max over cells of x[cell][c]; NaN wins
//	average: Out[m][c] = f32(sum over cells of x[cell][c], in float64) / Div[m]
//
// It sees raw slices; it must not know tensors, graphs or other families.
package pool32
