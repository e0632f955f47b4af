// Package rest owns the HTTP side of a serve.Host: the Open Inference Protocol, version 2, with
// its extensions for binary tensors, classification, the repository of models and statistics,
// and image files as requests.
//
// It must not know how models are run, listeners, certificates or gRPC.
package rest
