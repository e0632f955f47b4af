// Package timing owns how long a graph takes on this machine, node by node: runs under a
// budget, several graphs in turns, an int8 graph's twin in float32, and which of its
// layers are slower than there.
//
// It must not know models, nor what is done about a slow layer.
package timing
