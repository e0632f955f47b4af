// Package onnx reads ONNX models into graphs, and writes graphs as ONNX models.
//
// It owns the file format (protobuf, external data, element types), the checks that make
// a hostile file harmless, and the table that maps ONNX's operators to those of package
// op. A node that is not in the table, or whose attributes have no counterpart, is
// reported with all others of the file before anything runs.
//
// Inside a graph numbers are float32, whole numbers int64, and truth values bool: the
// other element types of ONNX are converted at the inputs and outputs of the model, and
// initializers while they are read; inputs of uint8 and int8, which may be codes, are taken as
// they are.
//
// Marshal is the way back: a type switch over the operators of package op is its table. Nodes
// on codes are written as QDQ, the float node between DequantizeLinear and QuantizeLinear, or
// as operators on codes: a Format says which.
//
// It must not know architectures, PyTorch's files, the engine, or how a model is
// quantized.
package onnx
