package onnx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// own is the domain of functions in these tests.
const own = "local"

func functionOf(name string, in, out, attributes []string, nodes ...*onnxpb.NodeProto) *onnxpb.FunctionProto {
	return &onnxpb.FunctionProto{
		Name: &name, Domain: new(own), Input: in, Output: out, Attribute: attributes, Node: nodes,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: new(int64(17))}},
	}
}

func callOf(name string, in, out []string, attrs ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	n := nodeOf(name, in, out, attrs...)
	n.Domain = new(own)
	return n
}

func real(name string, v float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_FLOAT.Enum(), F: &v}
}

// referring is an attribute whose value is that of one of the function.
func referring(name, to string) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_FLOAT.Enum(), RefAttrName: &to}
}

// scaled has a function that multiplies by its attribute, which is 3 unless it is given, and
// clips at its second operand, which may be left out; another calls it twice.
func scaled(nodes ...*onnxpb.NodeProto) *onnxpb.ModelProto {
	m := modelOf(nodes...)
	scale := functionOf("Scale", []string{"a", "low"}, []string{"b"}, nil,
		nodeOf("Constant", nil, []string{"factor"}, referring("value_float", "by")),
		nodeOf("Mul", []string{"a", "factor"}, []string{"x"}),
		nodeOf("Clip", []string{"x", "low"}, []string{"b"}))
	scale.AttributeProto = []*onnxpb.AttributeProto{real("by", 3)}
	twice := functionOf("Twice", []string{"a"}, []string{"b"}, []string{"factor"},
		callOf("Scale", []string{"a"}, []string{"once"}, referring("by", "factor")),
		callOf("Scale", []string{"once"}, []string{"b"}))
	m.Functions = []*onnxpb.FunctionProto{twice, scale}
	return m
}

func TestFunctions(t *testing.T) {
	m := scaled(callOf("Twice", []string{"x"}, []string{"six"}, real("factor", 2)), callOf("Scale", []string{"six", "low"}, []string{"y"}))
	m.Graph.Initializer = []*onnxpb.TensorProto{floats("low", nil, -20)}
	g, err := graphOf(t, m)
	if err != nil {
		t.Fatal(err)
	}
	y := run(t, g, tensor.Of([]float32{1, -2}, 2))[0].Float32s()
	if y[0] != 18 || y[1] != -20 {
		t.Errorf("18 and -20 are expected; got %v", y)
	}
	// Names of a function mean nothing outside.
	if _, err := graphOf(t, scaled(callOf("Scale", []string{"x"}, []string{"z"}), nodeOf("Neg", []string{"factor"}, []string{"y"}))); err == nil || !strings.Contains(err.Error(), `"factor" is computed by no node`) {
		t.Errorf("a name of a function: %v", err)
	}
	// And those around it nothing inside.
	m = modelOf(callOf("F", []string{"x"}, []string{"y"}))
	m.Functions = []*onnxpb.FunctionProto{functionOf("F", []string{"a"}, []string{"b"}, nil, nodeOf("Neg", []string{"x"}, []string{"b"}))}
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), `"x" is computed by no node`) {
		t.Errorf("a name outside of a function: %v", err)
	}
	// What a function lacks is listed with the name of the call.
	m.Functions[0].Node = []*onnxpb.NodeProto{nodeOf("Nothing", []string{"a"}, []string{"b"})}
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "Nothing") || !strings.Contains(err.Error(), "y/b") {
		t.Errorf("an operator that is not read: %v", err)
	}
}

func TestFunctionsWithoutEnd(t *testing.T) {
	m := modelOf(callOf("F0", []string{"x"}, []string{"y"}))
	m.Functions = []*onnxpb.FunctionProto{functionOf("F0", []string{"a"}, []string{"b"}, nil, callOf("F0", []string{"a"}, []string{"b"}))}
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("a function that calls itself: %v", err)
	}
	// Each of ten functions calls the next sixteen times: 16^10 nodes.
	m.Functions = nil
	for i := range 10 {
		f := functionOf(fmt.Sprintf("F%d", i), []string{"a"}, []string{"b15"}, nil)
		for j := range 16 {
			f.Node = append(f.Node, callOf(fmt.Sprintf("F%d", i+1), []string{"a"}, []string{fmt.Sprintf("b%d", j)}))
		}
		m.Functions = append(m.Functions, f)
	}
	m.Functions = append(m.Functions, functionOf("F10", []string{"a"}, []string{"b"}, nil, nodeOf("Neg", []string{"a"}, []string{"b"})))
	start := time.Now()
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "written out") {
		t.Errorf("functions without end: %v", err)
	}
	t.Logf("refused in %v", time.Since(start))
	m.Functions = append(m.Functions, m.Functions[0])
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a function that is there twice: %v", err)
	}
}

// What the file says of the main graph's values is not of those of a function with the same names.
func TestDeclarationsAreNotOfFunctions(t *testing.T) {
	m := modelOf(callOf("F", []string{"x"}, []string{"z"}), nodeOf("Cast", []string{"x"}, []string{"h"}, &onnxpb.AttributeProto{Name: new("to"), Type: onnxpb.AttributeProto_INT.Enum(), I: new(int64(7))}), nodeOf("Neg", []string{"z"}, []string{"y"}))
	m.Functions = []*onnxpb.FunctionProto{functionOf("F", []string{"a"}, []string{"b"}, nil,
		nodeOf("Nothing", []string{"a"}, []string{"h"}), nodeOf("Softmax", []string{"h"}, []string{"b"}))}
	m.Graph.ValueInfo = []*onnxpb.ValueInfoProto{{Name: new("h"), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(7))},
	}}}}
	_, err := graphOf(t, m)
	var missing *onnx.UnsupportedError
	if !errors.As(err, &missing) || len(missing.Nodes) != 1 || missing.Nodes[0].Op != "Nothing" {
		t.Errorf("only Nothing is not read; error %v", err)
	}
}

// Before operator set 7 what has not changed is read, and else the operator is named.
func TestOldOperatorSets(t *testing.T) {
	m := modelOf(nodeOf("Neg", []string{"x"}, []string{"y"}))
	m.OpsetImport[0].Version = new(int64(1))
	g, err := graphOf(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if y := run(t, g, tensor.Of([]float32{2}, 1))[0].Float32s()[0]; y != -2 {
		t.Errorf("%v; -2 is expected", y)
	}
	m = modelOf(nodeOf("Add", []string{"x", "x"}, []string{"y"}))
	m.OpsetImport[0].Version = new(int64(6))
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "Add: of operator set 6") {
		t.Errorf("an operator of set 6: %v", err)
	}
}
