// Package script reads the code of TorchScript archives: the small part of Python that PyTorch's
// serializer prints. It owns the parser and the evaluator, which follows a method from its first
// line to its last, replaces calls of modules by what they do, takes the branch of each condition
// that is known, and hands every operator on tensors to a Machine.
//
// The code is data. Nothing of a file is run: there are no names but those of the file and of a
// table, and the lines that are followed, their depth and the values that they make are counted.
//
// It must not know ATen's operators, graphs, or how an archive is stored.
package script
