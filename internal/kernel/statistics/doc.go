// Package statistics looks at float32 numbers as observers do. A kernel is a row
// of Table and computes one of two functions:
//
//	range      Lo, Hi = smallest and largest element, and whether all are finite
//	histogram  Counts[min(int(f32(f32(v-Lo)*f32(bins))/f32(Hi-Lo)), bins-1)]++ for every v
//
// with float32 rounding after each operation. Lo and Hi of a histogram differ; an
// element outside them, or one that is not finite, ends it.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package statistics
