// Package stdio owns the host of `octet stdio`: the protocol over a pair of pipes, the
// models that a client keeps open, and the commands that it asks for.
//
// It must not know any command: the tree of commands is passed to New.
package stdio
