// Package console owns the output of commands: notes and warnings, progress, the result as text
// or as one JSON document, failures, files that are written, and suggestions for mistyped
// values of flags. A program may receive it in place of a user.
//
// It must not know models' flags, how inputs are read, nor any command.
package console
