// Package train runs training: batches in random order, augmented ahead of the
// step; an optimiser with its schedule; averaged weights; checkpoints.
//
// It trains float models and models in quantization-aware training alike. What a
// training computes follows from its Config, the model and the data alone: not
// from the number of threads, and not from where it was interrupted. A
// checkpoint is one file, a state dict that PyTorch can read, with the state of
// the optimiser beside the model's, and replaces its predecessor only once it is
// complete.
//
// The package knows models as the interface Model; it must not know
// architectures or the command line.
package train
