// Package statedict binds state dicts to graphs and exports them.
//
// The nodes of a graph bear PyTorch's module paths, so that keys and parameters have the same
// names. [Bind] takes a float state dict, [BindQuantized] that of a converted model of eager or
// FX graph mode, [BindPrepared] that of one with observers or fake quantizations, which it
// converts; [LoadPrepared] loads it to continue its training. [ExportStateDict] and
// [ExportPrepared] are the inverse, with PyTorch's keys, order, element types and shapes. A
// [MismatchError] lists every key in which the two differ.
//
// The package owns what modules keep under which keys, in every version of
// PyTorch: packed linear layers, observers, names of FX graph mode. It must not
// know how files are laid out, nor any architecture. The values themselves are
// [torch.StateDict], which lies below: the writer needs what they remember of a file
// (strides, shared storages), and a program that only reads files links no graph.
package statedict
