// Package compare measures how far a model is from another that computes the
// same function: a float model and its int8 forms, or one int8 model under the
// rules of two backends.
//
// Outputs compares logits: how often both give the same class, the ratio of
// signal to noise, accuracy where there are labels. Layers compares node by node,
// and tells what a node inherits from those in front of it from what it adds
// itself, by its weights and by its own codes. WeightsOf and Activations show what
// was rounded: the ranges of channels, the distribution of values, the ranges
// that the codes cover. FindExclusions finds out by trying which layers to keep in
// float.
//
// Ratios are in decibels, 10 log10(sum x^2 / sum (x-y)^2) over all values of all
// inputs, x being the reference: what torch.ao.ns calls SQNR. Three of them
// describe a node:
//
//	accumulated  the model as it is: everything lost up to and including the node
//	isolated     the node alone, on codes of the reference's exact inputs
//	introduced   the reference's exact inputs, but the node's quantized weights
//	             and the rounding of its result: what the node itself adds
//
// The cost is linear, about two runs of the reference and two of the other model,
// whatever the number of layers.
//
// compare knows graphs and engines; it must not know files, architectures or
// how results are shown.
package compare
