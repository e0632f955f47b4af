// Package latebound says which inputs of a model become constants where shapes inside depend
// on their data: a model of which octet says graph.ErrComputed can be opened for them.
//
// It owns the order of attempts. It must not know the facade, files or commands.
package latebound
