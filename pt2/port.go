package pt2

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/onnx"
)

// Inputs are what a run takes, in order.
func (f *File) Inputs() ([]onnx.Port, error) {
	if f.script != nil && f.script.ports != nil {
		return slices.Clone(f.script.ports), nil
	}
	return f.programInputs()
}

// ofProgram is the File with the inputs of its program, which that of a script has for the sizes
// that were given.
type ofProgram struct{ *File }

// Inputs are what the program takes.
func (f ofProgram) Inputs() ([]onnx.Port, error) { return f.programInputs() }

func (f *File) programInputs() ([]onnx.Port, error) {
	var ports []onnx.Port
	for i, s := range f.program.Module.Signature.Inputs {
		if s.User == nil {
			continue
		}
		switch arg := f.program.Module.Graph.Inputs[i]; arg.kind {
		case "as_tensor":
			p, err := f.port("input", arg)
			if err != nil {
				return nil, err
			}
			ports = append(ports, p)
		case "as_sym_int", "as_sym_float":
			return nil, fmt.Errorf("%s: input %d is a number that runs may change; tensors are read: give it as a tensor, or export it as a constant", f.name, i)
		}
	}
	return ports, nil
}

// Outputs are what a run gives, in order.
func (f *File) Outputs() ([]onnx.Port, error) {
	var ports []onnx.Port
	for i, arg := range f.userOutputs() {
		p, err := f.port("output", arg)
		if err != nil {
			return nil, err
		}
		if names := f.program.outputNames; i < len(names) && names[i] != "" {
			p.Name = names[i]
		}
		ports = append(ports, p)
	}
	apart(ports)
	return ports, nil
}

// apart gives ports of one name others: a result may be several outputs.
func apart(ports []onnx.Port) {
	taken := map[string]bool{}
	for _, p := range ports {
		taken[p.Name] = true
	}
	seen := map[string]bool{}
	for i := range ports {
		name := ports[i].Name
		for n := 1; seen[ports[i].Name]; n++ {
			if free := fmt.Sprintf("%s_%d", name, n); !taken[free] {
				ports[i].Name, taken[free] = free, true
			}
		}
		seen[ports[i].Name] = true
	}
}

// userOutputs are the outputs that are not written back somewhere, as far as they are tensors.
func (f *File) userOutputs() (list []argument) {
	for i, s := range f.program.Module.Signature.Outputs {
		if arg := f.program.Module.Graph.Outputs[i]; s.User != nil && arg.kind != "as_none" {
			list = append(list, arg)
		}
	}
	return list
}

func (f *File) port(what string, arg argument) (onnx.Port, error) {
	name := arg.tensorName()
	m, ok := f.program.Module.Graph.Tensors[name]
	if !ok {
		return onnx.Port{}, fmt.Errorf("%s: an %s of kind %s, %q, of which the program tells no type; tensors are read", f.name, what, arg.kind, name)
	}
	dtype, err := m.dtype()
	if err != nil {
		return onnx.Port{}, fmt.Errorf("%s: %s %q: %w", f.name, what, name, err)
	}
	p := onnx.Port{Name: name, DType: dtype, Sizes: []int{}, Names: []string{}}
	if m.Sizes == nil && f.script != nil { // not even their number is known
		p.Sizes, p.Names = nil, nil
	}
	for _, e := range m.Sizes {
		size := 0
		if e.fixed {
			size = int(e.size)
		}
		p.Sizes, p.Names = append(p.Sizes, size), append(p.Names, e.name)
	}
	return p, nil
}
