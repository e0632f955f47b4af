package onnx

import (
	"fmt"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// probe is a free extent with the two sizes for which the graph is inferred: extents of
// results that are the same for both do not depend on it.
type probe struct {
	name  string // empty where it has none
	sizes [2]int
}

// Sizes that a free extent is probed with: the first one is a batch, others may be sides of
// images, which must not be too small.
var (
	batchProbe = [2]int{2, 3}
	sideProbe  = [2]int{224, 256}
)

// infer finds the extents of all values for two sizes of the free ones. Where the graph
// does not run with these, or an input has no declared rank, nothing is known.
func (w *writer) infer() error {
	var shapes [2][]tensor.Shape
	for i, p := range w.export.Inputs {
		if p.Sizes == nil {
			return nil
		}
		if len(p.Names) != len(p.Sizes) {
			return fmt.Errorf("input %q: %d extents with %d names", w.graph.Inputs[i].Name, len(p.Sizes), len(p.Names))
		}
		var shape [2]tensor.Shape
		for axis, n := range p.Sizes {
			sizes := [2]int{n, n}
			if n == 0 {
				sizes = w.probe(p.Names[axis], axis)
			}
			for k := range shape {
				shape[k] = append(shape[k], sizes[k])
			}
		}
		for k := range shapes {
			shapes[k] = append(shapes[k], shape[k])
		}
	}
	facts, err := w.graph.Infer(shapes[0]...)
	if err != nil {
		if len(w.probes) == 0 {
			return err // these are the sizes that were declared
		}
		return w.inferAround(w.export.Examples)
	}
	others, err := w.graph.Infer(shapes[1]...)
	if err == nil {
		w.facts, w.others = facts, others
	}
	return nil
}

// inferAround is infer for sizes with which the graph runs: a free extent that it does not
// run with another of counts as fixed.
func (w *writer) inferAround(examples []tensor.Shape) error {
	w.probes = nil
	if len(examples) != len(w.export.Inputs) {
		return nil
	}
	facts, err := w.graph.Infer(examples...)
	if err != nil {
		return nil
	}
	others, tried := examples, map[string]bool{}
	for i, p := range w.export.Inputs {
		for axis, n := range p.Sizes {
			name := p.Names[axis]
			if n != 0 || tried[name] && name != "" {
				continue
			}
			tried[name] = true
			sizes := [2]int{examples[i][axis], examples[i][axis] + 32*(len(w.probes)+1)}
			try := w.copied(others, i, axis, sizes[1])
			if _, err := w.graph.Infer(try...); err == nil {
				others, w.probes = try, append(w.probes, probe{name: name, sizes: sizes})
			}
		}
	}
	varied, err := w.graph.Infer(others...)
	if err == nil {
		w.facts, w.others = facts, varied
	}
	return nil
}

// copied is a copy of shapes in which an extent of input i, and all others of its name, is
// of another size.
func (w *writer) copied(shapes []tensor.Shape, i, axis, size int) []tensor.Shape {
	out := make([]tensor.Shape, len(shapes))
	name := w.export.Inputs[i].Names[axis]
	for k, s := range shapes {
		out[k] = s.Clone()
		for a := range s {
			if k == i && a == axis || name != "" && w.export.Inputs[k].Names[a] == name {
				out[k][a] = size
			}
		}
	}
	return out
}

// probe returns the sizes for a free extent; equal names have equal ones.
func (w *writer) probe(name string, axis int) [2]int {
	sizes, step := sideProbe, 32
	if axis == 0 {
		sizes, step = batchProbe, 2
	}
	count := 0
	for _, p := range w.probes {
		if name != "" && p.name == name {
			return p.sizes
		}
		if p.sizes[0]%2 == sizes[0]%2 && (p.sizes[0] < sideProbe[0]) == (axis == 0) {
			count++
		}
	}
	sizes[0], sizes[1] = sizes[0]+2*step*count, sizes[1]+2*step*count
	w.probes = append(w.probes, probe{name: name, sizes: sizes})
	return sizes
}

// extents returns the sizes of v, 0 for free ones, with their names. Only of values with
// facts.
func (w *writer) extents(v *graph.Value) ([]int, []string) {
	a, b := w.facts[v].Shape, w.others[v].Shape
	if a == nil || len(a) != len(b) {
		return nil, nil
	}
	sizes, names := make([]int, len(a)), make([]string, len(a))
	for i := range a {
		if a[i] == b[i] {
			sizes[i] = a[i]
			continue
		}
		for _, p := range w.probes {
			if p.sizes == [2]int{a[i], b[i]} {
				names[i] = p.name
			}
		}
	}
	return sizes, names
}

// rank is the number of axes of v, -1 where it is not known.
func (w *writer) rank(v *graph.Value) int {
	if f, ok := w.facts[v]; ok && f.Shape != nil {
		return len(f.Shape)
	}
	return -1
}

// fixed returns the extents of v from axis on, or an error where they are free.
func (w *writer) fixed(v *graph.Value, axis int) ([]int, error) {
	if w.rank(v) > axis {
		sizes, _ := w.extents(v)
		free := false
		for _, n := range sizes[axis:] {
			free = free || n == 0
		}
		if !free {
			return sizes[axis:], nil
		}
	}
	return nil, fmt.Errorf("ONNX has no operator for it where height and width are free: give the size of the input")
}

// portProto declares an input or an output.
func portProto(d tensor.DType, p Port) (*onnxpb.ValueInfoProto, error) {
	code, err := elementCode(d)
	if err != nil {
		return nil, err
	}
	t := &onnxpb.TypeProto_Tensor{ElemType: new(int32(code))}
	if p.Sizes != nil {
		t.Shape = &onnxpb.TensorShapeProto{}
	}
	for i, n := range p.Sizes {
		d := &onnxpb.TensorShapeProto_Dimension{}
		switch {
		case n > 0:
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(n)}
		case p.Names[i] != "":
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: p.Names[i]}
		default:
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: p.Name + "_" + strconv.Itoa(i)}
		}
		t.Shape.Dim = append(t.Shape.Dim, d)
	}
	return &onnxpb.ValueInfoProto{Name: new(p.Name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}}}, nil
}
