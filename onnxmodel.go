package octet

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// declared are the inputs and outputs as a model's file declares them, where it does:
// element types that the graph holds as another are converted on the way in and out.
type declared struct{ inputs, outputs []ValueInfo }

// openONNX reads an ONNX model.
func openONNX(path string, o openOptions) (*Model, error) {
	f, err := onnx.Open(path)
	if err != nil {
		return nil, err
	}
	return fromONNX(f, o)
}

// OpenONNX is Open for an ONNX file that is read already.
func OpenONNX(f *onnx.File, opts ...OpenOption) (*Model, error) {
	if f == nil {
		return nil, errNil("file", "onnx.Open returns one")
	}
	return fromONNX(f, collect(opts))
}

func fromONNX(f *onnx.File, o openOptions) (*Model, error) {
	if err := o.graphsOnly(f.Name(), "an ONNX file"); err != nil {
		return nil, err
	}
	g, err := f.Graph(o.given)
	if err != nil {
		return nil, err
	}
	m, err := fromGraph(g, f, o)
	if err != nil {
		return nil, err
	}
	if err := m.readProperties(f.Metadata()); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := m.readRules(f.Metadata()); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return m, m.describe(o)
}

// graphsOnly refuses options that are for files without a graph.
func (o openOptions) graphsOnly(file, what string) error {
	if o.arch != "" || o.key != "" {
		return fmt.Errorf("%s: %s holds its own graph: leave out the architecture and the key", file, what)
	}
	if o.graphOf != "" {
		return classed{fmt.Errorf("%s: %s holds its own graph and weights: that of %s is for a state dict, .pth or .safetensors", file, what, o.graphOf), ErrRecipe}
	}
	if o.backend != "" {
		return classed{fmt.Errorf("%s: %s says itself how its numbers are computed: leave out the backend %s; which rules an int8 model is made for is a choice of quantizing", file, what, o.backend), ErrRecipe}
	}
	return nil
}

// fromGraph makes a model of the graph that a file holds.
func fromGraph(g *graph.Graph, f onnx.Declaring, o openOptions) (*Model, error) {
	g, err := rewrite.Dynamic(g)
	if err == nil && g.Numerics == quant.NumericsUnset {
		g, err = rewrite.WeightOnly(g)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if g, err = rewrite.Recompose(g); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if g.Numerics != quant.NumericsUnset {
		if g, _, err = rewrite.Fuse(g); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if g, err = rewrite.Integers(g); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	m := &Model{origin: origin{file: f.Name()}, declared: &declared{}}
	if err := m.declare(f, o.given); err != nil {
		return nil, err
	}
	m.setGraph(g)
	if m.quantized = g.Numerics != quant.NumericsUnset; m.quantized {
		m.meta.Numerics, m.madeFor = g.Numerics.String(), Backend(g.Numerics.String())
	}
	return m, nil
}

// describe notes what the options say of labels and images.
func (m *Model) describe(o openOptions) error {
	if o.labels != nil {
		m.meta.Labels = o.labels
	}
	if o.preset != nil {
		if err := o.preset.Validate(); err != nil {
			return err
		}
		preset := clonePreset(*o.preset)
		m.meta.Preset = &preset
	}
	if err := m.changePreset(o.presetChange); err != nil {
		return err
	}
	return m.checkLabels()
}

// declare notes the inputs that are left, and the outputs, with the extents that are given.
func (m *Model) declare(f onnx.Declaring, given onnx.Given) error {
	inputs, outputs, err := given.Ports(f)
	for _, p := range inputs {
		m.declared.inputs = append(m.declared.inputs, infoOf(p))
	}
	for _, p := range outputs {
		m.declared.outputs = append(m.declared.outputs, infoOf(p))
	}
	return err
}

func infoOf(p onnx.Port) ValueInfo {
	return ValueInfo{Name: p.Name, DType: p.DType, Shape: p.Shape(), Dims: slices.Clone(p.Names)}
}

// taken returns an input as the graph holds it, or what is wrong with it. sizes are those
// of named extents, which have to be the same in all inputs; nil for a single one.
func (v ValueInfo) taken(t *tensor.Tensor, sizes map[string]int) (*tensor.Tensor, error) {
	if t == nil {
		return nil, errNil("input "+v.Name, "Session.Inputs tells its type")
	}
	if t.DType() != v.DType {
		return nil, fmt.Errorf("input %s is %v; %v is expected", v.Name, t, v)
	}
	if v.Shape != nil && len(v.Shape) != len(t.Shape()) {
		return nil, fmt.Errorf("input %s is %v; %v is expected", v.Name, t, v)
	}
	for i, n := range v.Shape {
		got := t.Dim(i)
		if n >= 0 && n != got {
			return nil, fmt.Errorf("input %s is %v; %v is expected", v.Name, t, v)
		}
		if n < 0 && i < len(v.Dims) && v.Dims[i] != "" {
			name := v.Dims[i]
			if was, ok := sizes[name]; ok && was != got {
				return nil, fmt.Errorf("input %s is %v: %s is %d there and %d in an input before it", v.Name, t, name, got, was)
			}
			if sizes != nil {
				sizes[name] = got
			}
		}
	}
	return onnx.Taken(t)
}
