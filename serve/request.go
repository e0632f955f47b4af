package serve

import (
	"slices"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// Input is a tensor of a request: Data, or, of the datatype BYTES, Images.
type Input struct {
	Name   string         // of the model's input
	Data   *tensor.Tensor // nil of BYTES
	Shape  tensor.Shape   // of BYTES: [N]; else that of Data
	Images [][]byte       // of BYTES: N image files, such as JPEG, which the model's preset prepares
}

// Requested is an output that a request asks for.
type Requested struct {
	Name string // of the model's output
	// Classes asks for that many of the likeliest classes, "value:index:label", in place of
	// the numbers; 0 does not.
	Classes int
}

// Request is what a model is to compute.
type Request struct {
	ID      string        // the client's own; the answer has it, too
	Inputs  []Input       // all of the model's, in any order
	Outputs []Requested   // in the order of the answer; nil means all
	Timeout time.Duration // after which the answer is worth nothing; 0 means none
}

// Output is a tensor of a response: Data, or, of classes, Texts.
type Output struct {
	Name  string         // of the model's output
	Data  *tensor.Tensor // nil of classes
	Shape tensor.Shape   // of the data, or of the texts: [N, K]
	Texts []string       // row-major: N times K classes
}

// Response is the answer to a Request.
type Response struct {
	Model   string   // its name
	Version string   // which one computed
	ID      string   // of the request
	Outputs []Output // those asked for, in that order
}

// Port describes an input or output of a model.
type Port struct {
	Name     string // as requests call it
	Datatype string // the protocol's name
	Shape    []int  // -1 where any size is taken; nil where only a run tells
}

// Metadata describes a version of a model.
type Metadata struct {
	Name     string   // of the model
	Versions []string // that are served, in order
	Platform string   // octet_pytorch, octet_onnx
	Inputs   []Port   // that a request must have
	Outputs  []Port   // that it may ask for
	Labels   []string // of the classes; nil where they have no names
}

// clone is a copy that the caller may change.
func (m Metadata) clone() Metadata {
	m.Versions, m.Inputs, m.Outputs, m.Labels = slices.Clone(m.Versions), slices.Clone(m.Inputs), slices.Clone(m.Outputs), slices.Clone(m.Labels)
	return m
}
