package octet

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// ValueInfo describes an input or an output.
type ValueInfo struct {
	Name  string       // as in the graph
	DType tensor.DType // of its elements
	Shape tensor.Shape // -1 where any size is accepted, nil of an output whose sizes only a run tells
	// Dims are the names of extents that are free, such as "batch"; inputs with the same
	// name have to have the same extent. nil where the model names none.
	Dims []string
}

// String is like float32[batch, 3, ?, ?] x.
func (v ValueInfo) String() string { return v.DType.String() + v.Shape.Named(v.Dims) + " " + v.Name }

// Inputs describes what Run takes; a nil session takes nothing.
func (s *Session) Inputs() []ValueInfo {
	if s.check() != nil {
		return nil
	}
	return cloneInfos(s.model.takes())
}

// Inputs describes what a session of the model takes.
func (m *Model) Inputs() []ValueInfo {
	if m.check() != nil {
		return nil
	}
	return cloneInfos(m.takes())
}

// takes describes the inputs of a model; the caller must not change it.
func (m *Model) takes() []ValueInfo {
	if m.declared != nil {
		return m.declared.inputs
	}
	var in []ValueInfo
	for _, v := range m.graph.Inputs {
		in = append(in, infoOf(onnx.Port{Name: v.Name, DType: tensor.Float32, Sizes: v.Sizes}))
	}
	return in
}

func cloneInfos(list []ValueInfo) []ValueInfo {
	list = slices.Clone(list)
	for i, v := range list {
		list[i].Shape, list[i].Dims = slices.Clone(v.Shape), slices.Clone(v.Dims)
	}
	return list
}

// Outputs describes what Run gives for an input of the given shape, [N, C, H, W]. For a
// model with several inputs, and without a shape, it is what the file declares.
func (s *Session) Outputs(shape ...int) ([]ValueInfo, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if d := s.model.declared; d != nil && len(shape) == 0 {
		return cloneInfos(d.outputs), nil
	}
	if err := s.checkShape(shape); err != nil {
		return nil, err
	}
	g := s.model.graph
	facts, err := g.Infer(tensor.Shape(shape))
	if err != nil {
		return nil, err
	}
	var out []ValueInfo
	for i, v := range g.Outputs {
		info := ValueInfo{Name: v.Name, DType: facts[v].DType, Shape: slices.Clone(facts[v].Shape)}
		if d := s.model.declared; d != nil {
			info.Name, info.DType = d.outputs[i].Name, d.outputs[i].DType
		}
		if facts[v].Deferred {
			info.Shape = nil
		}
		out = append(out, info)
	}
	return out, nil
}

// checkShape refuses a shape that no input has.
func (s *Session) checkShape(shape tensor.Shape) error {
	if d := s.model.declared; d != nil {
		if len(d.inputs) != 1 {
			return fmt.Errorf("%s has %d inputs, and one shape is given", s.model.name(), len(d.inputs))
		}
		return nil
	}
	if len(shape) != 4 || shape[1] != s.model.Channels() || slices.Min(shape) < 1 {
		return fmt.Errorf("an input of shape %v; %s takes [N, %d, H, W]", []int(shape), s.model.meta.Arch, s.model.Channels())
	}
	return nil
}
