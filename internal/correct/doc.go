// Package correct makes up for what converting a float graph to int8 loses, with what both
// compute on samples. It changes biases and codes of weights, never types or scales, so that
// the corrected graph is saved and run like any other.
//
// Layers are corrected in the order of computation, each on what the corrected layers in
// front of it give. Every node is run once for every sample, alone, and what nobody reads
// any more is let go: time is that of a run, whatever the number of layers.
//
// correct knows graphs and engines; it must not know files, architectures or where the
// samples come from.
package correct
