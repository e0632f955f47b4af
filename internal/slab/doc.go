// Package slab makes large slices that the system maps in huge pages where it can.
// Weights and activations are read from end to end in every run; with 4 KB pages TLB
// misses cost a part of that.
//
// It must not know what the memory holds. Where the system has no huge pages, the slices
// are the same.
package slab
