package onnx_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// tensorOf is an initializer whose elements are given as bytes.
func tensorOf(name string, kind int32, dims []int64, raw ...byte) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: &name, DataType: &kind, Dims: dims, RawData: raw}
}

// TestPackedCodes: two codes of four bits, and four of two, share a byte.
func TestPackedCodes(t *testing.T) {
	for _, c := range []struct {
		kind int32
		raw  []byte
		want []float32
	}{
		{22, []byte{0x7f, 0x08}, []float32{-0.5, 3.5, -4}},
		{21, []byte{0x7f, 0x08}, []float32{7.5, 3.5, 4}},
		{26, []byte{0b11_01_10_11}, []float32{-0.5, -1, 0.5}},
		{25, []byte{0b11_01_10_11}, []float32{1.5, 1, 0.5}},
	} {
		m := modelOf(nodeOf("DequantizeLinear", []string{"w", "s"}, []string{"d"}), nodeOf("Add", []string{"x", "d"}, []string{"y"}))
		m.OpsetImport[0].Version = new(int64(21))
		m.Graph.Initializer = []*onnxpb.TensorProto{tensorOf("w", c.kind, []int64{3}, c.raw...), floats("s", nil, 0.5)}
		g, err := graphOf(t, m)
		if err != nil {
			t.Fatal(err)
		}
		y := run(t, g, tensor.New(tensor.Float32, 3))[0]
		if !slices.Equal(y.Float32s(), c.want) {
			t.Errorf("type %d: %v, expected %v", c.kind, y.Float32s(), c.want)
		}
		m.Graph.Initializer[0].RawData = append(c.raw, 0)
		if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "bytes; expected") {
			t.Errorf("too many bytes: %v", err)
		}
	}
}

// TestCodesAreTaken: an input of codes is no int64 in between.
func TestCodesAreTaken(t *testing.T) {
	for kind, dtype := range []tensor.DType{2: tensor.UInt8, 3: tensor.Int8} {
		if dtype == tensor.Invalid {
			continue
		}
		m := modelOf(nodeOf("DequantizeLinear", []string{"x", "s", "z"}, []string{"y"}))
		m.Graph.Input[0].Type = &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(kind))}}}
		m.Graph.Initializer = []*onnxpb.TensorProto{floats("s", nil, 0.5), tensorOf("z", int32(kind), nil, 3)}
		g, err := graphOf(t, m)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, n := range g.Nodes {
			kinds = append(kinds, n.Op.Kind())
		}
		if !slices.Equal(kinds, []string{"from_int_repr", "dequantize"}) {
			t.Errorf("%v: %v", dtype, kinds)
		}
		x, err := tensor.FromBytes(dtype, nil, tensor.Shape{2}, []byte{5, 0})
		if err != nil {
			t.Fatal(err)
		}
		if y := run(t, g, x)[0].Float32s(); !slices.Equal(y, []float32{1, -1.5}) {
			t.Errorf("%v: %v", dtype, y)
		}
	}
}

// TestEightBitFloatsAreNamed: what is not read says so by its name.
func TestEightBitFloatsAreNamed(t *testing.T) {
	m := modelOf(nodeOf("QuantizeLinear", []string{"x", "s", "z"}, []string{"y"}))
	m.Graph.Initializer = []*onnxpb.TensorProto{floats("s", nil, 0.5), tensorOf("z", 17, nil, 3)}
	if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), "FLOAT8E4M3FN") {
		t.Errorf("%v", err)
	}
}
