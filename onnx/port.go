package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// Port is an input or an output of a model.
type Port struct {
	Name  string       `json:"name"`  // as the file has it
	DType tensor.DType `json:"dtype"` // as the file declares it
	// Sizes are the extents, 0 where the file leaves one free; nil where it says nothing.
	Sizes []int `json:"sizes"`
	// Names are the names of free extents, such as "batch", empty where there is none.
	Names []string `json:"names"`
}

// String is like float32[batch, 3, height, width] x.
func (p Port) String() string { return p.DType.String() + p.Shape().Named(p.Names) + " " + p.Name }

// Shape is Sizes with -1 where an extent is free; nil where the file says nothing.
func (p Port) Shape() tensor.Shape {
	shape := tensor.Shape(slices.Clone(p.Sizes))
	for i, n := range shape {
		if n == 0 {
			shape[i] = -1
		}
	}
	return shape
}

// Inputs are the model's inputs that are no initializers, in order.
func (f *File) Inputs() ([]Port, error) {
	weights := map[string]bool{}
	for _, t := range f.model.GetGraph().GetInitializer() {
		weights[t.GetName()] = true
	}
	return f.ports("input", f.model.GetGraph().GetInput(), weights)
}

// Outputs are the model's outputs, in order.
func (f *File) Outputs() ([]Port, error) {
	return f.ports("output", f.model.GetGraph().GetOutput(), nil)
}

func (f *File) ports(what string, list []*onnxpb.ValueInfoProto, but map[string]bool) ([]Port, error) {
	var ports []Port
	for _, v := range list {
		if but[v.GetName()] {
			continue
		}
		p, err := portOf(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %s %q: %w", f.name, what, v.GetName(), err)
		}
		ports = append(ports, p)
	}
	return ports, nil
}

func portOf(v *onnxpb.ValueInfoProto) (Port, error) {
	t := v.GetType().GetTensorType()
	if t == nil {
		return Port{}, fmt.Errorf("it is no tensor, or has no type; sequences, maps and optionals are not read")
	}
	dtype, err := elementType(t.GetElemType())
	if err != nil {
		return Port{}, err
	}
	p := Port{Name: v.GetName(), DType: dtype}
	if t.GetShape() == nil {
		return p, nil
	}
	p.Sizes, p.Names = []int{}, []string{}
	for _, d := range t.GetShape().GetDim() {
		n := d.GetDimValue()
		if n < 0 || n > math.MaxInt32 {
			n = 0 // some exporters write -1 for a free extent
		}
		name := d.GetDimParam()
		if name == "?" { // Paddle's exporter writes it for every extent that it does not know
			name = ""
		}
		p.Sizes, p.Names = append(p.Sizes, int(n)), append(p.Names, name)
	}
	return p, nil
}

// With returns the port with the extents of shape, which must fit what the file fixes; nil
// changes nothing.
func (p Port) With(shape tensor.Shape) (Port, error) {
	if shape == nil {
		return p, nil
	}
	fits := p.Sizes == nil || len(p.Sizes) == len(shape)
	for i, n := range shape {
		fits = fits && n > 0 && (p.Sizes == nil || p.Sizes[i] == 0 || p.Sizes[i] == n)
	}
	if !fits {
		return p, fmt.Errorf("input %q is given the shape %v; %v is expected", p.Name, shape, p)
	}
	p.Sizes, p.Names = slices.Clone(shape), make([]string, len(shape))
	return p, nil
}
