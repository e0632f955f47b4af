// Package graph is the intermediate representation: values, nodes and the
// graph that orders them, the interface every operator implements, and the
// driver that runs rewriting passes.
//
// There is one operator set; the types of the values carry the quantization. A
// convolution whose input is quint8, whose weight is qint8 and whose output is
// quint8 is the quantized convolution; with float32 everywhere the same node is
// the float one. Converting a model changes types and parameters, not nodes.
//
// Activations carry no shape in a graph: any batch and image size runs through
// it, and Infer computes the shapes for one. Parameters do carry theirs.
//
// graph holds no operator, reads no file and executes nothing; it must not know what
// a node computes.
package graph
