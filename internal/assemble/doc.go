// Package assemble adds operators to a graph, one after another, for the readers of files that
// hold graphs: it checks the element types of operands, computes what depends on constants alone,
// and notes what is known of results.
//
// It must not know a file format.
package assemble
