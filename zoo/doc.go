// Package zoo builds the graphs of known architectures, with the parameter
// names of torchvision (whose state dicts package statedict binds to them) and nodes
// named by PyTorch's module paths.
//
// An architecture is a row of a table; a new family is a new file with its rows, and a
// line in the table of zoo.go. What a file's tensors can say is taken from them: number of classes,
// widths, input channels. What they cannot say (strides, groups, depth) is the
// architecture's.
//
// The weights that torchvision publishes are in a table by the names of its weight
// enums; fetching them is not zoo's.
//
// zoo knows operators and the names of parameters; it must not know files, reads
// none and executes nothing.
package zoo
