// Package kernel is what the kernel families have in common: the row that every
// kernel of every table has, and the choice of a row for a machine.
//
// A table lists the kernels of a family, best first. All of a kind give the same
// result, so the first that a machine runs is the one to take; a family adds
// what else it chooses by in a Select of its own.
//
// It must not know what kernels compute, nor which families there are.
package kernel
