package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// Given is what is known of a model's inputs beyond its file.
type Given struct {
	// Inputs are the data of inputs that become constants, of the type that the file
	// declares, by their names.
	Inputs map[string]*tensor.Tensor
	// Shapes are the extents of inputs of which the file leaves some free, by their names;
	// or a single extent by the name that the file gives it: batch: {4}.
	Shapes map[string]tensor.Shape
}

// Output returns an output of the file with the extents that are given.
func (g Given) Output(p Port) (Port, error) {
	if g.Shapes == nil {
		return p, nil
	}
	p.Sizes, p.Names = slices.Clone(p.Sizes), slices.Clone(p.Names)
	for i, name := range p.Names {
		if shape, ok := g.Shapes[name]; ok && name != "" && p.Sizes[i] == 0 {
			if len(shape) != 1 || shape[0] < 1 {
				return p, fmt.Errorf("extent %q of %v is given as %v; one number above 0 is expected", name, p, []int(shape))
			}
			p.Sizes[i], p.Names[i] = shape[0], ""
		}
	}
	return p, nil
}

// Input returns an input of the file with the extents that are given.
func (g Given) Input(p Port) (Port, error) {
	if shape := g.Shapes[p.Name]; shape != nil {
		return p.With(shape)
	}
	return g.Output(p)
}

// check returns an error where a name is neither that of an input nor of an extent.
func (g Given) check(inputs []Port) error {
	known := map[string]bool{}
	for _, p := range inputs {
		known[p.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(g.Inputs)) {
		if !known[name] {
			return fmt.Errorf("there is no input %q to make a constant of; the inputs are %v", name, inputs)
		}
	}
	for _, p := range inputs {
		for _, name := range p.Names {
			if name != "" { // an extent without one
				known[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.Shapes)) {
		if !known[name] {
			return fmt.Errorf("no input is called %q, and no extent of one, whose size could be given; the inputs are %v", name, inputs)
		}
	}
	return nil
}
