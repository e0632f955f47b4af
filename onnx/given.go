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

// Declaring is a file that says what its model takes and gives: a File, or that of another format.
type Declaring interface {
	Name() string             // of the file, for messages
	Inputs() ([]Port, error)  // in order
	Outputs() ([]Port, error) // in order
}

// Ports returns what a model of the file takes and gives: inputs that are constants are left out,
// and extents that are given are no longer free.
func (g Given) Ports(f Declaring) (inputs, outputs []Port, err error) {
	declared, err := f.Inputs()
	if err != nil {
		return nil, nil, err
	}
	if err := g.check(declared); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if outputs, err = f.Outputs(); err != nil {
		return nil, nil, err
	}
	for _, p := range declared {
		if g.Inputs[p.Name] != nil {
			continue
		}
		if p, err = g.input(p); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		inputs = append(inputs, p)
	}
	for i, p := range outputs {
		if outputs[i], err = g.named(p); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return inputs, outputs, nil
}

// input is a port with the extents that are given for it, or for names of its extents.
func (g Given) input(p Port) (Port, error) {
	if shape := g.Shapes[p.Name]; shape != nil {
		return p.With(shape)
	}
	return g.named(p)
}

// named is a port with the extents that are given for names.
func (g Given) named(p Port) (Port, error) {
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
