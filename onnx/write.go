package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// Opsets that are written. QuantizeLinear is there from the first on.
const (
	MinExportOpset     = 10
	MaxExportOpset     = 21
	DefaultExportOpset = 17
)

// Export says how a graph is written.
type Export struct {
	Opset  int    // 0 is DefaultExportOpset, or the first later one that has all operators
	Format Format // QDQ or QOperator; the same for a float graph
	// Inputs declare the graph's inputs, in order: names, extents, names of free extents, and
	// element types where these are others than the graph's, between which is a Cast.
	Inputs []Port
	// Outputs declare the element types of outputs, in order; nil for the graph's.
	Outputs []tensor.DType
	// Examples are sizes of the inputs with which the graph runs, nil where any will do. Where a
	// free extent has to be what it is there, the graph is written for that.
	Examples []tensor.Shape
	Metadata map[string]string // metadata_props
}

// Marshal returns g as an ONNX file. The error names the node that ONNX, or the writer, has
// no operator for.
func Marshal(g *graph.Graph, e Export) ([]byte, error) {
	if e.Opset == 0 {
		e.Opset = opsetOf(g)
	}
	if e.Opset < MinExportOpset || e.Opset > MaxExportOpset {
		return nil, fmt.Errorf("operator set %d: those from %d to %d are written", e.Opset, MinExportOpset, MaxExportOpset)
	}
	if int(e.Format) >= len(formatNames) {
		return nil, fmt.Errorf("%v: one of %v is written", e.Format, formatNames)
	}
	g = g.Running().Clone()
	if len(e.Inputs) != len(g.Inputs) {
		return nil, fmt.Errorf("%d inputs are declared; %s has %d", len(e.Inputs), g.Name, len(g.Inputs))
	}
	if e.Outputs != nil && len(e.Outputs) != len(g.Outputs) {
		return nil, fmt.Errorf("%d outputs are declared; %s has %d", len(e.Outputs), g.Name, len(g.Outputs))
	}
	w := newWriter(g, e)
	if err := w.graphProto(); err != nil {
		return nil, fmt.Errorf("%s: %w", g.Name, err)
	}
	model := &onnxpb.ModelProto{
		IrVersion:    new(int64(irVersion(e.Opset))),
		ProducerName: new("octet"),
		OpsetImport:  []*onnxpb.OperatorSetIdProto{{Domain: new(""), Version: new(int64(e.Opset))}},
		Graph:        w.out,
	}
	if w.contributed {
		model.OpsetImport = append(model.OpsetImport, &onnxpb.OperatorSetIdProto{Domain: new(microsoft), Version: new(int64(1))})
	}
	if model.Functions = w.functions; w.functions != nil {
		model.OpsetImport = append(model.OpsetImport, &onnxpb.OperatorSetIdProto{Domain: new(ownDomain), Version: new(int64(1))})
	}
	for _, key := range slices.Sorted(maps.Keys(e.Metadata)) {
		model.MetadataProps = append(model.MetadataProps, &onnxpb.StringStringEntryProto{Key: new(key), Value: new(e.Metadata[key])})
	}
	if w.bytes > maxBytes {
		return nil, fmt.Errorf("%s has %d bytes of weights; an ONNX file ends at %d, and external data is not written", g.Name, w.bytes, int64(maxBytes))
	}
	data := onnxpb.Marshal(model)
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%s: %d bytes; an ONNX file ends at %d, and external data is not written", g.Name, len(data), int64(maxBytes))
	}
	return data, nil
}

// irVersion is the version of the format that came with an operator set.
func irVersion(opset int) int64 {
	switch {
	case opset >= 21:
		return 10
	case opset >= 19:
		return 9
	case opset >= 13:
		return 8
	case opset == 12:
		return 7
	case opset == 11:
		return 6
	}
	return 5
}

// graphProto writes the whole graph.
func (w *writer) graphProto() error {
	for i, v := range w.graph.Inputs {
		port, err := w.inputProto(v, w.export.Inputs[i])
		if err != nil {
			return err
		}
		w.out.Input = append(w.out.Input, port)
	}
	if err := w.infer(); err != nil {
		return err
	}
	if w.export.Format == QOperator {
		w.absorb()
	}
	for i, v := range w.graph.Outputs {
		if w.declared(i) != v.Type.DType {
			w.cast[v] = w.unique(v.Name)
		}
	}
	for _, n := range w.graph.Nodes {
		if err := w.node(n); err != nil {
			return fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Kind(), err)
		}
	}
	for i, v := range w.graph.Outputs {
		if err := w.output(v, w.declared(i)); err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
	}
	return nil
}

// inputProto declares an input, and notes its name for the nodes.
func (w *writer) inputProto(v *graph.Value, p Port) (*onnxpb.ValueInfoProto, error) {
	if p.Name == "" {
		p.Name = v.Name
	}
	w.taken[p.Name] = true
	switch {
	case v.Type.DType.IsQuantized():
		w.codes[v] = p.Name
	case p.DType == tensor.Invalid || p.DType == v.Type.DType:
		w.reals[v] = p.Name
	default:
		held, err := elementCode(v.Type.DType)
		if err != nil {
			return nil, err
		}
		w.reals[v] = w.unique(p.Name + "/cast")
		w.add("Cast", []string{p.Name}, w.reals[v], intAttr("to", int(held)))
		return portProto(p.DType, p)
	}
	return portProto(v.Type.DType, p)
}

// declared is the element type of an output in the file.
func (w *writer) declared(i int) tensor.DType {
	v := w.graph.Outputs[i]
	if w.export.Outputs == nil || w.export.Outputs[i] == tensor.Invalid || v.Type.DType.IsQuantized() {
		return v.Type.DType
	}
	return w.export.Outputs[i]
}

// output declares a result of the graph, under its own name.
func (w *writer) output(v *graph.Value, declared tensor.DType) error {
	names := w.reals
	if v.Type.DType.IsQuantized() {
		names = w.codes
	}
	p := Port{Name: names[v]}
	if cast := w.cast[v]; cast != "" {
		to, err := elementCode(declared)
		if err != nil {
			return err
		}
		p.Name = cast
		w.add("Cast", []string{names[v]}, cast, intAttr("to", int(to)))
	} else if v.Role != graph.Result || slices.ContainsFunc(w.out.Output, func(o *onnxpb.ValueInfoProto) bool { return o.GetName() == p.Name }) || w.aliased[v] {
		p.Name = w.unique(v.Name)
		w.add("Identity", []string{names[v]}, p.Name)
	}
	if f, ok := w.facts[v]; ok && !f.Deferred {
		p.Sizes, p.Names = w.extents(v)
	}
	port, err := portProto(declared, p)
	w.out.Output = append(w.out.Output, port)
	return err
}
