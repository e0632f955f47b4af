// Package ortcompat has names and signatures of github.com/yalue/onnxruntime_go, the Go
// binding of ONNX Runtime, and computes with octet: without cgo and without a shared
// library. A program changes one import line:
//
//	import ort "github.com/octet-ml/octet/ortcompat"
//
// What has a meaning here is honoured. What has none, such as the path of the shared
// library, is accepted and does nothing, and what octet does not do, such as other execution
// providers, is an error that says so: nothing else is computed in its place in silence.
// Sequences, maps, strings, bindings of memory and training are left out: programs that use
// them do not compile.
//
// Tensors hold their data in Go slices. Destroy frees nothing that the garbage collector
// would not, but what was destroyed cannot be used any more, as with the binding. Sessions
// may run in several goroutines; a tensor belongs to one run at a time.
//
// It owns this form of the interface alone. New programs are shorter with package octet
// itself. It must not know kernels, graphs' nodes or the file format.
package ortcompat
