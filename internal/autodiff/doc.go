// Package autodiff trains graphs: Compile lowers one for this CPU, and a Step,
// its program for inputs of one shape, runs it forward, keeping what the
// gradient needs, and backward.
//
// It is to op.Differentiable what package engine is to op.Eval: the same
// functions by kernels, several threads, and memory planned by lifetime. Images
// are channels-last. A convolution, the batch norm after it, the clamp after that and the
// fake quantization of the result are two passes, as are their gradients.
//
// Results do not depend on the number of threads: sums over the batch are computed in
// pieces that depend on the shapes alone, and the pieces are added in order. They are the
// same bits on one instruction set, and close across instruction sets.
//
// Activations are kept as long as a gradient needs them. On request (checkpointing), those
// that one pass over a kept activation computes are dropped and recomputed.
//
// A node that no kernel covers is evaluated, and differentiated, by its operator.
//
// autodiff knows graphs, operators and fake quantization; it must not know
// optimisers, data, files or architectures.
package autodiff
