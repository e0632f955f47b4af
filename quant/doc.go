// Package quant states the numeric contract: how a scale and a zero point
// follow from a range, how a real number becomes a code and back, and how an
// int32 accumulator becomes an output code, for each numeric preset.
//
// Everything here is scalar Go and slow on purpose. Observers, fake
// quantization, reference operators and the tests of every kernel are written
// from it, so that there is one place to be right in.
//
// The formulas are PyTorch's (torch 2.15), reproduced to the bit and proven by
// golden data. Where PyTorch computes the same operator in two ways (the last
// elements of a tensor outside the vector loop; contiguous against
// channels-last memory), octet takes the vector formula and the channels-last
// formula for every element. docs/numerics.md lists the differences.
//
// Two rules hold for all float arithmetic in this package and in whatever is
// compared with it. Go may fuse x*y+z into one rounding on some machines, so
// every product is written float32(x*y) and a wanted fusion goes through
// FMA32. Go leaves the conversion of an out-of-range float to the machine, so
// float to int goes only through ToInt32 and its kin.
//
// quant knows tensors; it must not know graphs, operators, files or CPUs.
package quant
