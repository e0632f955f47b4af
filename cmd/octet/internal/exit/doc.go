// Package exit owns the exit codes of octet: their numbers and names, what `octet help
// exit-codes` says of them, and errors that carry one.
//
// It must not know the commands, nor what is printed.
package exit
