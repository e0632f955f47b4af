// Package onnxtest writes small ONNX files for tests, well-formed and hostile ones.
//
// It owns the few messages of ONNX's protobuf format that tests need, as bytes. It must not
// know how octet reads such files, so that a mistake there is not made here too; tests alone
// import it.
package onnxtest
