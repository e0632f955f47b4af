// Package server owns what makes a process of a serve.Host: listeners, certificates and tokens
// from files, the admin listener, signals, and an orderly end.
//
// It must not know the command line: flags become a Config in the command.
package server
