// Package rewrite holds the passes over portable graphs that do not depend on
// the machine: folding batch norms, fusing clamps into their producers, and
// placing Quantize and Dequantize between nodes of different types.
//
// The passes work on graphs with and without bound parameters: of an unbound
// graph the structure is rewritten, and the folded parameters, which bear the
// names that PyTorch's fused modules have in a file, are bound later.
//
// rewrite knows operators; it must not know files, architectures or CPUs.
package rewrite
