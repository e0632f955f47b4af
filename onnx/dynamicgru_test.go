package onnx_test

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// dynamicGRU is a GRU of two elements and three states.
func dynamicGRU(o op.GRU) *graph.Graph {
	codes := func(rows, k int) *tensor.Tensor {
		return tensor.OfQuantized(make([]int8, rows*k), tensor.Affine(0.1, 0), rows, k)
	}
	d := o.Directions()
	g := graph.New("gru")
	g.Numerics = quant.ONNX
	x := g.AddInput("x", graph.Float32)
	n := g.AddNode("gru", op.DynamicGRU{GRU: o}, x, g.AddConst("w", codes(9*d, 2)), g.AddConst("r", codes(9*d, 3)),
		g.AddConst("b", tensor.New(tensor.Float32, d, 18)), g.AddConst("lengths", tensor.New(tensor.Int64, 0))).Node
	g.Outputs = n.Outputs[:1]
	return g
}

// What the function of dynamic GRUs has no place for is not written.
func TestDynamicGRUsThatAreNotWritten(t *testing.T) {
	x := onnx.Port{Name: "x", Sizes: tensor.Shape{4, 1, 2}, Names: make([]string, 3)}
	for says, c := range map[string]struct {
		gru   op.GRU
		opset int
	}{
		"":                      {op.GRU{LinearBeforeReset: true}, 17},
		"usual activations":     {op.GRU{LinearBeforeReset: true, Recurrence: op.Recurrence{Clip: 1}}, 17},
		"the batch behind":      {op.GRU{LinearBeforeReset: true, Recurrence: op.Recurrence{BatchFirst: true}}, 17},
		"needs operator set 13": {op.GRU{LinearBeforeReset: true}, 12},
	} {
		_, err := onnx.Marshal(dynamicGRU(c.gru), onnx.Export{Opset: c.opset, Inputs: []onnx.Port{x}})
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"gru"`)) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

// Calls of the function with other operands than octet writes are errors that say which.
func TestStrangeDynamicGRUs(t *testing.T) {
	data, err := onnx.Marshal(dynamicGRU(op.GRU{LinearBeforeReset: true}),
		onnx.Export{Inputs: []onnx.Port{{Name: "x", Sizes: tensor.Shape{4, 1, 2}, Names: make([]string, 3)}}})
	if err != nil {
		t.Fatal(err)
	}
	call := func(m *onnxpb.ModelProto) *onnxpb.NodeProto {
		for _, n := range m.Graph.Node {
			if n.GetDomain() == "octet" {
				return n
			}
		}
		t.Fatal("there is no call")
		return nil
	}
	for says, change := range map[string]func(m *onnxpb.ModelProto){
		"input 9 is missing":         func(m *onnxpb.ModelProto) { call(m).Input = call(m).Input[:9] },
		"its weights are computed":   func(m *onnxpb.ModelProto) { call(m).Input[1] = "x" },
		"0 scales":                   func(m *onnxpb.ModelProto) { call(m).Input[3] = "none"; put(m, floats("none", []int64{0})) },
		"a constant bias":            func(m *onnxpb.ModelProto) { call(m).Input[7] = "x" },
		"bias for each of 9 gates":   func(m *onnxpb.ModelProto) { call(m).Input[8] = "few"; put(m, floats("few", []int64{2}, 1, 2)) },
		"a whole number for each is": func(m *onnxpb.ModelProto) { call(m).Input[4] = call(m).Input[3] },
	} {
		m, err := onnxpb.Unmarshal(data)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "DynamicQuantizeGRU") {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func put(m *onnxpb.ModelProto, p *onnxpb.TensorProto) {
	m.Graph.Initializer = append(m.Graph.Initializer, p)
}
