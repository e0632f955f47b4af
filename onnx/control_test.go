package onnx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

func wholes(name string, v ...int64) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: &name, DataType: new(int32(7)), Dims: []int64{int64(len(v))}, Int64Data: v}
}

func branch(attr, name string, initializers []*onnxpb.TensorProto, nodes ...*onnxpb.NodeProto) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &attr, Type: onnxpb.AttributeProto_GRAPH.Enum(), G: &onnxpb.GraphProto{
		Node: nodes, Initializer: initializers, Output: []*onnxpb.ValueInfoProto{{Name: &name}},
	}}
}

// batchDecides doubles x in batches of more than one and adds ten to others. Both branches
// have an own value of the same name.
func batchDecides() *onnxpb.ModelProto {
	m := modelOf(
		nodeOf("Shape", []string{"x"}, []string{"shape"}),
		nodeOf("Gather", []string{"shape", "first"}, []string{"batch"}),
		nodeOf("Greater", []string{"batch", "first1"}, []string{"several"}),
		nodeOf("Squeeze", []string{"several"}, []string{"condition"}),
		nodeOf("If", []string{"condition"}, []string{"z"},
			branch("then_branch", "t", []*onnxpb.TensorProto{floats("c", []int64{1}, 2)}, nodeOf("Mul", []string{"x", "c"}, []string{"t"})),
			branch("else_branch", "t", []*onnxpb.TensorProto{floats("c", []int64{1}, 10)}, nodeOf("Add", []string{"x", "c"}, []string{"t"}))),
		nodeOf("Neg", []string{"z"}, []string{"y"}))
	m.Graph.Initializer = []*onnxpb.TensorProto{wholes("first", 0), wholes("first1", 1)}
	return m
}

func TestIfFollowsShapes(t *testing.T) {
	f, err := read(t, batchDecides())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Graph(onnx.Given{}); !errors.Is(err, graph.ErrComputed) {
		t.Errorf("with free sizes the error is %v", err)
	}
	for _, c := range []struct {
		shape tensor.Shape
		want  float32
	}{{tensor.Shape{3, 1}, -8}, {tensor.Shape{1, 1}, -14}} {
		g, err := f.Graph(onnx.Given{Shapes: map[string]tensor.Shape{"x": c.shape}})
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(tensor.Float32, c.shape...)
		x.Float32s()[0] = 4
		if got := run(t, g, x)[0].Float32s()[0]; got != c.want {
			t.Errorf("%v gives %v; expected %v", c.shape, got, c.want)
		}
	}
}

// TestIfFollowsInputs: an input that is a constant decides, too, and what the branch that
// is not taken holds does not matter.
func TestIfFollowsInputs(t *testing.T) {
	m := batchDecides()
	m.Graph.Node = append([]*onnxpb.NodeProto{nodeOf("Greater", []string{"n", "first"}, []string{"several"}), nodeOf("Squeeze", []string{"several"}, []string{"condition"})}, m.Graph.Node[4:]...)
	m.Graph.Node[2].Attribute[1].G.Node[0].OpType = new("Frobnicate")
	n := "n"
	m.Graph.Input = append(m.Graph.Input, &onnxpb.ValueInfoProto{Name: &n, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(7))},
	}}})
	f, err := read(t, m)
	if err != nil {
		t.Fatal(err)
	}
	g, err := f.Graph(onnx.Given{Inputs: map[string]*tensor.Tensor{"n": tensor.Of([]int64{5}, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Inputs) != 1 {
		t.Errorf("%d inputs; one is left", len(g.Inputs))
	}
	if got := run(t, g, tensor.Of([]float32{4}, 1, 1))[0].Float32s()[0]; got != -8 {
		t.Errorf("%v; expected -8", got)
	}
	if _, err := f.Graph(onnx.Given{Inputs: map[string]*tensor.Tensor{"n": tensor.Of([]int64{0}, 1)}}); err == nil || !strings.Contains(err.Error(), "Frobnicate") || errors.Is(err, graph.ErrComputed) {
		t.Errorf("error %v; expected one about Frobnicate", err)
	}
	if _, err := f.Graph(onnx.Given{Inputs: map[string]*tensor.Tensor{"n": tensor.Of([]float32{0}, 1)}}); err == nil || !strings.Contains(err.Error(), `input "n"`) {
		t.Errorf("error %v; expected one about the type of n", err)
	}
}
