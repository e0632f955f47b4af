// Package randomgraph makes small graphs with random parameters, in float32 or
// on codes, that cover every operator: what engines are compared on, by tests
// and by the self-test of a machine.
//
// It knows operators and must not know engines.
package randomgraph
