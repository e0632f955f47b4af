// Package statistics computes what observers need of float32 numbers. A kernel is a row of
// Table and computes one of these functions:
//
//	range      Lo, Hi = smallest and largest element, and whether all are finite
//	histogram  Counts[min(int(f32(f32(v-Lo)*f32(bins))/f32(Hi-Lo)), bins-1)]++ for every v
//
// with float32 rounding after each operation. Lo and Hi of a histogram differ; an
// element outside them, or one that is not finite, ends it.
//
//	noise      Signal, Noise = sums of x*x and (x-y)*(x-y) over all x of X, y of Y
//
// in float64, with a rounding after each operation, in four accumulators: element i is
// added to number i%4, those of a last group of less than four to number 0. The result is
// (0 + 1) + (2 + 3).
//
// It sees raw slices; it must not know tensors, graphs or other families.
package statistics
