// Package qat is quantization-aware training in PyTorch's stages: Prepare puts
// fake quantizations where post-training quantization observes, training learns
// with them in the loop, Convert turns types and weights into integers.
//
// A Model trains in one of two ways. Compatible, it computes what PyTorch's
// prepare_qat computes: convolutions with weights scaled by their batch norm and
// rounded, batch norm, activation, fake quantization. In octet's own way it does
// so only until the statistics of the batch norms are frozen. From then on the
// forward pass is that of the converted model, by the integer operators
// themselves: what is trained is what runs. The gradients are those of float32
// operators at the numbers that the codes stand for.
//
// State dicts of models in training are exchanged with PyTorch either way.
//
// qat knows graphs, autodiff, ptq and the state dicts of package statedict; it must not
// know optimisers, data or architectures.
package qat
