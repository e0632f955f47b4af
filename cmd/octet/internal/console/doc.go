// Package console owns what a command has with its user: notes and warnings, progress,
// the result as text or as one JSON document, failures, files that are written, and
// what a flag's mistyped value may have meant. A program may listen in a user's place.
//
// It must not know models' flags, how inputs are read, nor any command.
package console
