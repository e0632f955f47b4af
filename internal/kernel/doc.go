// Package kernel owns what kernel families have in common: the row that every kernel of
// every table has, and the selection of a row for a CPU.
//
// A table lists the kernels of a family, best first. All kernels of a kind give the same
// result, so the first that the CPU can run is chosen. A family whose choice depends on
// more, such as the shape, has a Select of its own.
//
// It must not know what kernels compute, nor which families there are.
package kernel
