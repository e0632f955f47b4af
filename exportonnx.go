package octet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Keys of what an ONNX file says about a model beside its graph. Values but ArchKey's and
// NumericsKey's are JSON, as in Metadata.
const (
	ONNXArch     = "octet.arch"
	ONNXNumerics = "octet.numerics"
	ONNXLabels   = "octet.labels"
	ONNXPreset   = "octet.preset"
	ONNXRecipe   = "octet.recipe" // of calibration
	ONNXTraining = "octet.training"
)

// ExportOption is for SaveONNX.
type ExportOption interface{ applyExport(*export) }

// export are the options of SaveONNX.
type export struct {
	onnx.Export
	pixels, channelsLast bool
}

type exportFunc func(*export)

func (f exportFunc) applyExport(e *export) { f(e) }

// WithFormat chooses how an int8 model is written. The default is onnx.QDQ.
func WithFormat(format onnx.Format) ExportOption {
	return exportFunc(func(e *export) { e.Format = format })
}

// WithOpset chooses the operator set that is written, from 10 to 21. The default is 17. What
// it cannot express is an error that names the node and the operator set that can.
func WithOpset(n int) ExportOption {
	return exportFunc(func(e *export) { e.Opset = n })
}

// Exported says what SaveONNX has written and how it was checked.
type Exported struct {
	Opset   int         `json:"opset"`   // the operator set that the file declares
	Format  string      `json:"format"`  // qdq or qoperator, which are the same for a float model
	Bytes   int64       `json:"bytes"`   // size of the file
	Inputs  []onnx.Port `json:"inputs"`  // as the file declares them, in order
	Outputs []onnx.Port `json:"outputs"` // as the file declares them, in order
	// Difference is the largest difference between an output of the model and of the file as it
	// was read back, relative to the largest output, on random inputs. It is not measured, but
	// NaN and left out of JSON, where the model does not run on such inputs or its outputs are
	// not finite.
	Difference Difference `json:"difference,omitzero"`
}

// Difference is a number that may be unknown, as NaN.
type Difference float64

// IsZero reports that it is not known.
func (d Difference) IsZero() bool { return math.IsNaN(float64(d)) }

// What the file may compute differently, relative to the largest output, as a root of mean
// squares. Float32 sums have another order, and so have float parts of a model that computes by
// ONNX's rules: its codes are written as they are, and are read as the same. Codes by PyTorch's
// rules are rounded otherwise, by one here and there, which adds up over the layers: to at most
// 0.003 in eight of torchvision's networks, and to 0.062 behind the softmax of a classifier of two
// classes that is undecided about noise. That must be written; what is refused are differences
// nearly as large as the outputs, as those of a wrong scale or axis are. Of an output of only some
// codes one is a larger part: a step of codes may always lie between.
const (
	floatExportBound = 1e-3
	codesExportBound = 0.25
)

// SaveONNX writes the model as an ONNX file: a float model as it is, an int8 model as QDQ,
// which ONNX Runtime and OpenVINO compute on integers, or with WithFormat as operators on
// codes. Batches are of any size, images of
// the size that the preset gives. Labels, preprocessing and recipe go into metadata_props.
//
// Before the file appears, it is read back: it must have the same inputs and outputs, and
// give the same results on random inputs but for roundings. The file appears complete or not
// at all: when ctx ends early, none is left.
func (m *Model) SaveONNX(ctx context.Context, path string, opts ...ExportOption) (*Exported, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	e := export{Export: onnx.Export{Inputs: m.exportInputs(), Examples: m.examples}}
	if m.declared != nil {
		for _, v := range m.declared.outputs {
			e.Outputs = append(e.Outputs, v.DType)
		}
	}
	for _, opt := range opts {
		opt.applyExport(&e)
	}
	before, err := m.newFront(e)
	if err != nil {
		return nil, err
	}
	if e.Metadata, err = m.exportMetadata(before); err != nil {
		return nil, err
	}
	g := m.exportGraph()
	if before != nil {
		g, e.Inputs[0], e.Examples = before.before(g), before.port(e.Inputs[0]), nil
	}
	data, err := onnx.Marshal(g, e.Export)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	out, err := m.checkExport(ctx, data, path, before)
	if err != nil {
		return nil, err
	}
	out.Format = e.Format.String()
	return out, atomicfile.Write(path, func(w io.Writer) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	})
}

// exportGraph is the graph with the names that the model's file gave its outputs: those of
// nodes that computed them before they were quantized make way.
func (m *Model) exportGraph() *graph.Graph {
	if m.declared == nil {
		return m.graph
	}
	g := m.graph.Clone()
	rename := func(v *graph.Value, name string) {
		if v.Name = name; v.Node != nil && v.Node.Output() == v {
			v.Node.Name = name
		}
	}
	for i, out := range g.Outputs {
		name := m.declared.outputs[i].Name
		if out.Name == name {
			continue
		}
		for _, n := range g.Nodes {
			for _, v := range n.Outputs {
				if v.Name == name {
					rename(v, name+".codes")
				}
			}
		}
		rename(out, name)
	}
	return g
}

// exportInputs declares the inputs: as the model's file did, or images in batches of any
// size.
func (m *Model) exportInputs() []onnx.Port {
	var ports []onnx.Port
	if m.declared != nil {
		for _, v := range m.declared.inputs {
			p := onnx.Port{Name: v.Name, DType: v.DType, Names: slices.Clone(v.Dims)}
			for _, n := range v.Shape {
				p.Sizes = append(p.Sizes, max(n, 0))
			}
			ports = append(ports, p)
		}
		return ports
	}
	sizes := []int{0, m.Channels(), 0, 0}
	if preset, _, err := m.Preset(); err == nil {
		if shape, ok := preset.Shape(); ok {
			copy(sizes[1:], shape[len(shape)-3:])
		}
	}
	return []onnx.Port{{Name: m.graph.Inputs[0].Name, Sizes: sizes, Names: []string{"batch", "", "height", "width"}}}
}

// exportMetadata is what is known of the model beside its graph; what is merely assumed is
// left out, unless the file computes it.
func (m *Model) exportMetadata(before *front) (map[string]string, error) {
	props := map[string]string{}
	if m.meta.Arch != "" {
		props[ONNXArch] = m.meta.Arch
	}
	if m.quantized {
		props[ONNXNumerics] = m.meta.Numerics
	}
	records := map[string]any{}
	if labels, assumed := m.Labels(); !assumed && labels != nil {
		records[ONNXLabels] = labels
	}
	if preset, assumed, err := m.Preset(); before != nil {
		records[ONNXPreset] = before.taken()
	} else if err == nil && !assumed {
		records[ONNXPreset] = preset
	}
	if m.meta.Calibration != nil {
		records[ONNXRecipe] = m.meta.Calibration
	}
	if m.meta.Training != nil {
		records[ONNXTraining] = m.meta.Training
	}
	for key, v := range records {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("%s: metadata %s: %w", m.name(), key, err)
		}
		props[key] = string(text)
	}
	return props, nil
}

// readProperties takes labels and preset from the metadata_props of a file that SaveONNX
// wrote, or labels from those of Ultralytics' exporter.
func (m *Model) readProperties(props map[string]string) error {
	if text, ok := props["names"]; ok {
		if names := namesOf(text); len(names) == m.Classes() { // of a classifier
			m.meta.Labels = names
		}
	}
	if text, ok := props[ONNXLabels]; ok {
		if err := json.Unmarshal([]byte(text), &m.meta.Labels); err != nil {
			return fmt.Errorf("metadata %s: %w", ONNXLabels, err)
		}
	}
	if text, ok := props[ONNXPreset]; ok {
		if err := json.Unmarshal([]byte(text), &m.meta.Preset); err != nil {
			return fmt.Errorf("metadata %s: %w", ONNXPreset, err)
		}
	}
	if m.meta.Preset != nil {
		if err := m.meta.Preset.Validate(); err != nil {
			return fmt.Errorf("metadata %s: %w", ONNXPreset, err)
		}
	}
	return nil
}

// checkExport reads back what is to be written to path.
func (m *Model) checkExport(ctx context.Context, data []byte, path string, before *front) (*Exported, error) {
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), path)
	if err != nil {
		return nil, fmt.Errorf("what was to be written cannot be read back: %w", err)
	}
	out := &Exported{Opset: f.Opset(), Bytes: int64(len(data)), Difference: Difference(math.NaN())}
	if out.Inputs, err = f.Inputs(); err != nil {
		return nil, err
	}
	if out.Outputs, err = f.Outputs(); err != nil {
		return nil, err
	}
	back, err := fromONNX(f, openOptions{})
	if err != nil {
		return nil, fmt.Errorf("what was to be written cannot be read back: %w", err)
	}
	if in, results := len(back.graph.Inputs), len(back.graph.Outputs); in != len(m.graph.Inputs) || results != len(m.graph.Outputs) {
		return nil, fmt.Errorf("%s was not written: read back, it has %d inputs and %d outputs; the model has %d and %d",
			path, in, results, len(m.graph.Inputs), len(m.graph.Outputs))
	}
	inputs, want, err := m.exportTrial(ctx, out.Inputs, before)
	if want == nil {
		return out, err // the model does not run on such inputs
	}
	got, err := back.runOnce(ctx, inputs)
	if err != nil {
		return nil, fmt.Errorf("%s was not written: read back, it does not run: %w", path, err)
	}
	for i := range want {
		worst, rms := difference(want[i], got[i])
		if bound := m.exportBound(i, want[i]); rms > bound {
			return nil, fmt.Errorf("%s was not written: read back, its output %s differs by %.3g of the largest number (root of mean squares), more than %g; please report this", path, out.Outputs[i].Name, rms, bound)
		}
		if i == 0 || !(worst <= float64(out.Difference)) {
			out.Difference = Difference(worst)
		}
	}
	return out, nil
}

// exportBound is how far output i may be from want, relative to its largest number.
func (m *Model) exportBound(i int, want *tensor.Tensor) float64 {
	if !m.quantized || m.graph.Numerics == quant.ONNX {
		return floatExportBound
	}
	largest := largestOf(want)
	if step := stepBehind(m.graph.Outputs[i]); step > codesExportBound*largest && largest > 0 {
		return step / largest
	}
	return codesExportBound
}

// stepBehind is the largest difference of neighbouring codes that v is computed of, the nearest
// ones in the graph; 0 where there are none.
func stepBehind(v *graph.Value) (step float64) {
	seen := map[*graph.Value]bool{}
	next := []*graph.Value{v}
	for len(next) > 0 {
		v, next = next[0], next[1:]
		switch {
		case seen[v]:
		case v.Role != graph.Parameter && v.Type.DType.IsQuantized():
			step = max(step, float64(slices.Max(v.Type.Q.Scales)))
		case v.Node != nil:
			next = append(next, v.Node.Inputs...)
		}
		seen[v] = true
	}
	return step
}

// largestOf is the largest magnitude of a tensor of floats; 0 of others.
func largestOf(t *tensor.Tensor) (largest float64) {
	if t.DType() == tensor.Float32 {
		for _, v := range t.Float32s() {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	return largest
}

// trialSides are what free extents behind the first axis are tried with: networks need a few
// pixels, and some sides that their strides divide.
var trialSides = []int{1, 32, 64, 224}

// exportTrial returns inputs for ports, and what the model gives for them, or for what is
// computed before it; nil where it does
// not run on any that are tried.
func (m *Model) exportTrial(ctx context.Context, ports []onnx.Port, before *front) (inputs, want []*tensor.Tensor, err error) {
	for _, side := range trialSides {
		inputs = trialInputs(ports, side)
		own := inputs
		if before != nil {
			own = []*tensor.Tensor{before.through(inputs[0])}
		}
		if want, err = m.runOnce(ctx, own); err == nil || ctx.Err() != nil {
			return inputs, want, ctx.Err()
		}
		if !slices.ContainsFunc(ports, func(p onnx.Port) bool { return len(p.Sizes) > 1 && slices.Contains(p.Sizes[1:], 0) }) {
			break // another side would be no other input
		}
	}
	return nil, nil, nil
}

// trialInputs are random numbers, and zeros for whole numbers, which may be places.
func trialInputs(ports []onnx.Port, side int) []*tensor.Tensor {
	r := rand.New(rand.NewPCG(1, 1))
	var inputs []*tensor.Tensor
	for _, p := range ports {
		shape := make(tensor.Shape, len(p.Sizes))
		for i, n := range p.Sizes {
			if shape[i] = n; n > 0 {
				continue
			}
			if shape[i] = side; i == 0 {
				shape[i] = 1
			}
		}
		t := tensor.New(p.DType, shape...)
		if p.DType == tensor.Float32 {
			for i := range t.Float32s() {
				t.Float32s()[i] = float32(r.NormFloat64())
			}
		}
		inputs = append(inputs, t)
	}
	return inputs
}

// runOnce compiles the model for a single run.
func (m *Model) runOnce(ctx context.Context, inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	s, err := m.Compile()
	if err != nil {
		return nil, err
	}
	return s.RunAll(ctx, inputs...)
}

// difference returns the largest difference of two tensors, and the root of the mean of
// its squares, relative to the largest number of want. Both are NaN where want is not
// finite.
func difference(want, got *tensor.Tensor) (worst, rms float64) {
	if !want.Shape().Equal(got.Shape()) || want.DType() != got.DType() {
		return math.Inf(1), math.Inf(1)
	}
	if want.DType() != tensor.Float32 {
		if bytes.Equal(want.Bytes(), got.Bytes()) {
			return 0, 0
		}
		return math.Inf(1), math.Inf(1)
	}
	largest := largestOf(want)
	for i, v := range want.Float32s() {
		d := math.Abs(float64(v) - float64(got.Float32s()[i]))
		if math.IsNaN(d) && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
			return math.Inf(1), math.Inf(1) // and no comparison would find it
		}
		worst, rms = max(worst, d), rms+d*d
	}
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return math.NaN(), math.NaN()
	}
	rms = math.Sqrt(rms / float64(max(1, want.Numel())))
	if worst == 0 {
		return 0, 0
	}
	return worst / largest, rms / largest
}
