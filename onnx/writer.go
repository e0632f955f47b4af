package onnx

import (
	"fmt"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// writer makes a GraphProto of a graph.
type writer struct {
	graph     *graph.Graph
	export    Export
	out       *onnxpb.GraphProto
	bytes     int64                   // of all initializers
	functions []*onnxpb.FunctionProto // of octet's domain, which nodes call
	// contributed is whether a node is of ONNX Runtime's own domain, tooNew the first one that
	// the operator set does not have.
	contributed bool
	tooNew      error
	taken       map[string]bool // names that are given

	// Names of values: as they are, or, of codes, as numbers; and as codes.
	reals, codes map[*graph.Value]string
	aliased      map[*graph.Value]bool   // reals has the name of another value
	cast         map[*graph.Value]string // names of outputs that are declared with other element types
	params       map[string][]string     // scale and zero point, by what they are

	// What is known of the values for two sizes of every free extent.
	facts, others map[*graph.Value]graph.Fact
	probes        []probe
}

func newWriter(g *graph.Graph, e Export) *writer {
	name := g.Name
	if name == "" {
		name = "model"
	}
	return &writer{
		graph: g, export: e, out: &onnxpb.GraphProto{Name: new(name)}, taken: map[string]bool{},
		reals: map[*graph.Value]string{}, codes: map[*graph.Value]string{}, aliased: map[*graph.Value]bool{}, cast: map[*graph.Value]string{}, params: map[string][]string{},
	}
}

// unique returns name, with a number behind it where it is given already.
func (w *writer) unique(name string) string {
	free := name
	for i := 1; w.taken[free]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	w.taken[free] = true
	return free
}

// add writes a node with one result.
func (w *writer) add(kind string, in []string, out string, attrs ...*onnxpb.AttributeProto) {
	w.addAll(kind, in, []string{out}, attrs...)
}

func (w *writer) addAll(kind string, in, out []string, attrs ...*onnxpb.AttributeProto) {
	if first := firstSets[kind]; w.export.Opset < first && w.tooNew == nil {
		w.tooNew = w.since(first, kind)
	}
	w.out.Node = append(w.out.Node, &onnxpb.NodeProto{
		OpType: new(kind), Name: new(out[0] + "/" + kind), Input: in, Output: out, Attribute: attrs,
	})
}

// elementCode is ONNX's number of an element type.
func elementCode(d tensor.DType) (int32, error) {
	switch d {
	case tensor.QUInt8:
		return 2, nil
	case tensor.QInt8:
		return 3, nil
	case tensor.QInt32:
		return 6, nil
	}
	for code, dtype := range elementTypes {
		if dtype == d {
			return code, nil
		}
	}
	return 0, fmt.Errorf("elements of type %v are not written", d)
}

// initializer writes a tensor and returns its name.
func (w *writer) initializer(name string, t *tensor.Tensor) (string, error) {
	code, err := elementCode(t.DType())
	if err != nil {
		return "", err
	}
	if err := t.Load(); err != nil {
		return "", err
	}
	p := &onnxpb.TensorProto{Name: new(w.unique(name)), DataType: new(int32(code)), RawData: t.Bytes()}
	for _, n := range t.Shape() {
		p.Dims = append(p.Dims, int64(n))
	}
	w.bytes += int64(len(p.RawData))
	w.out.Initializer = append(w.out.Initializer, p)
	return p.GetName(), nil
}

// constant writes an initializer of numbers that the writer makes.
func constant[T tensor.Element](w *writer, name string, v []T, shape ...int) string {
	name, err := w.initializer(name, tensor.Of(v, shape...))
	if err != nil {
		panic(err) // the elements are in memory and of a type that ONNX has
	}
	return name
}

// list writes whole numbers along one axis.
func (w *writer) list(name string, v ...int64) string { return constant(w, name, v, len(v)) }

// real returns the name of v as the numbers that it stands for.
func (w *writer) real(v *graph.Value) (string, error) {
	if name, ok := w.reals[v]; ok {
		return name, nil
	}
	if !v.Type.DType.IsQuantized() {
		name, err := w.data(v)
		w.reals[v] = name
		return name, err
	}
	codes, err := w.code(v)
	if err != nil {
		return "", err
	}
	name := w.unique(v.Name + "/dequantized")
	w.reals[v] = name
	return name, w.dequantize(codes, v.Type, name)
}

// code returns the name of v as codes.
func (w *writer) code(v *graph.Value) (string, error) {
	if name, ok := w.codes[v]; ok {
		return name, nil
	}
	name, err := w.data(v)
	w.codes[v] = name
	return name, err
}

// data writes the data of a parameter.
func (w *writer) data(v *graph.Value) (string, error) {
	if v.Data == nil {
		return "", fmt.Errorf("%q has no data", v.Name)
	}
	name, err := w.initializer(v.Name, v.Data)
	if err != nil {
		return "", fmt.Errorf("%q: %w", v.Name, err)
	}
	return name, nil
}

func intAttr(name string, v int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_INT.Enum(), I: new(int64(v))}
}

func intsAttr(name string, v ...int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: int64s(v)}
}

func floatAttr(name string, v float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: new(v)}
}

func floatsAttr(name string, v []float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_FLOATS.Enum(), Floats: v}
}

func textsAttr(name string, v []string) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_STRINGS.Enum()}
	for _, s := range v {
		a.Strings = append(a.Strings, []byte(s))
	}
	return a
}

func textAttr(name, v string) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: new(name), Type: onnxpb.AttributeProto_STRING.Enum(), S: []byte(v)}
}

func boolAttr(name string, v bool) *onnxpb.AttributeProto {
	if v {
		return intAttr(name, 1)
	}
	return intAttr(name, 0)
}

func int64s(v []int) []int64 {
	wide := make([]int64, len(v))
	for i, n := range v {
		wide[i] = int64(n)
	}
	return wide
}
