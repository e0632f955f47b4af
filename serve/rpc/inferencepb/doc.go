// Package inferencepb owns the messages of the Open Inference Protocol over gRPC, generated from
// inference.proto. It must not know who sends or answers them.
package inferencepb
