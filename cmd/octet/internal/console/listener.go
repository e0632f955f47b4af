package console

import "github.com/octet-ml/octet/tensor"

// Listener receives what a console would print when a program runs the command: events as they
// happen, and the result.
type Listener struct {
	Progress func(ProgressEvent) // receives the progress of a stage
	Note     func(text string)   // receives notes and warnings, a line each
	Document any                 // the result
}

// Lifter is a document with long arrays, which a listener gets as bytes: Lift returns the
// document without them, and the arrays. A command with such a document writes no files.
type Lifter interface {
	Lift() (document any, arrays []NamedTensor)
}

// NamedTensor is an entry of a file.
type NamedTensor struct {
	Name   string         // empty of the only one
	Tensor *tensor.Tensor // its elements
}
