// Package stdio owns `octet stdio`: the protocol over a pair of pipes, which sessions of package
// serve a client keeps open, and the commands that it asks for.
//
// It must not know any command: the tree of commands is passed to New. Nor does it compile
// models or prepare images itself.
package stdio
