// Package rpc owns the gRPC side of a serve.Host: the Open Inference Protocol, version 2, with
// Triton's streams, statistics and repository, the standard health service, and reflection.
//
// It must not know how models are run, listeners, certificates or HTTP.
package rpc
