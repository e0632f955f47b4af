package console

import "github.com/octet-ml/octet/tensor"

// Listener takes what a console would print, where a program has asked and not a
// person: events as they happen, and the result for the answer.
type Listener struct {
	Progress func(ProgressEvent) // takes how far a stage is
	Note     func(text string)   // takes notes and warnings, a line each
	Document any                 // the result
}

// Lifter is a document with long arrays, which a listener gets as bytes: Lift
// returns the document without them, and them. A command that has one writes no files.
type Lifter interface {
	Lift() (document any, arrays []NamedTensor)
}

// NamedTensor is an entry of a file.
type NamedTensor struct {
	Name   string         // empty of the only one
	Tensor *tensor.Tensor // its elements
}
