// Package serve owns what servers of models have in common, whatever their transport. A Session
// is one model that is open, with its labels and the preparation of its images. A Host says which
// files are served under which names and versions, when they are loaded and replaced, how many
// requests compute at a time and how many may wait, what a request must look like, and the
// statistics of all that; its words are those of the Open Inference Protocol, version 2.
//
// It must not know any transport: packages rest and rpc below it carry a Host's requests over
// HTTP and gRPC, and a program of its own may call Host.Infer directly.
package serve
