// Package pt2 reads the programs that PyTorch's torch.export.save writes into graphs, and the
// TorchScript files of torch.jit.save, whose code becomes such a program.
//
// It owns the file format (a zip of JSON and raw weights), the checks that make a hostile file
// harmless, and the table that maps operators of ATen to those of package op. No code of a file
// is run, and its sample inputs, a pickle, are never opened. A node that is not in the table, or
// whose arguments have no counterpart, is reported with all others of the file before anything
// runs.
//
// Programs that PT2E quantized keep their quantize and dequantize nodes: package internal/rewrite
// turns them into operators on codes.
//
// TorchScript files that torch.ao has converted become operators on codes as they are.
//
// Inside a graph numbers are float32, whole numbers int64, and truth values bool, as in those of
// package onnx, whose Port, Given and UnsupportedError say the same of a program. Parameters bear
// their names in the state dict, and nodes the paths of the modules that call them.
//
// It must not know architectures, ONNX's operators, the engine, or how a model is quantized.
package pt2
