// Package ptq is post-training quantization in PyTorch's stages: prepare
// decides what becomes int8 and where values are observed, calibrate runs
// images through the float graph and feeds the observers, convert turns types
// and weights into integers.
//
// Observers sit where PyTorch's eager mode puts them: on the stub at the input,
// on every convolution and linear layer (as fused), on every addition; pools,
// flatten and clamps keep their input's parameters. A convolution in front of
// an addition has its own observer. Beyond PyTorch, a value that a float layer
// hands to an int8 layer is observed too, so that layers can be excluded by
// name without touching the model.
//
// The result of a calibration depends on the images, their order and the batch
// size, never on the number of threads.
//
// ptq knows graphs and engines; it must not know files or architectures.
package ptq
