// Package slab makes large slices whose memory the system maps in large pages
// where it can. Weights and activations are read from end to end in every run; with
// small pages the CPU spends a part of that on finding out where they are.
//
// It must not know what the memory holds. Whatever the system says to the wish for
// large pages, the slices are the same.
package slab
