package main

import "github.com/octet-ml/octet/tensor"

// listener takes what a console would print, where a program has asked and not a
// person: events as they happen, and the result for the answer.
type listener struct {
	progress func(progressEvent)
	note     func(text string)
	document any // the result
}

// lifter is a document with long arrays, which a listener gets as bytes: lift
// returns the document without them, and them.
type lifter interface {
	lift() (document any, arrays []namedTensor)
}

// namedTensor is an entry of a file.
type namedTensor struct {
	name   string
	tensor *tensor.Tensor
}
