// Package samegraph compares graphs by what they compute: operators, attributes, types and
// data, in any order and under any names. It must not know where a graph comes from.
package samegraph
