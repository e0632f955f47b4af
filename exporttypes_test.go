package octet_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// smallNumbers holds whole numbers from 0 to 4 in an element type.
func smallNumbers(t *testing.T, d tensor.DType, shape tensor.Shape) *tensor.Tensor {
	t.Helper()
	r, data := testseed.Rand(t), []byte(nil)
	for range shape.Numel() {
		n := r.IntN(5)
		switch d {
		case tensor.UInt8:
			data = append(data, byte(n))
		case tensor.Int32:
			data = binary.LittleEndian.AppendUint32(data, uint32(n))
		case tensor.Float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(n)))
		case tensor.Float16:
			data = binary.LittleEndian.AppendUint16(data, [5]uint16{0, 0x3c00, 0x4000, 0x4200, 0x4400}[n])
		}
	}
	x, err := tensor.FromBytes(d, nil, shape, data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// An int8 model takes and gives the element types that the float model did, and so does its file:
// programs around it need no change.
func TestInt8KeepsElementTypes(t *testing.T) {
	const float16 = 10 // as ONNX counts element types
	for _, c := range []struct {
		d    tensor.DType
		kind int
	}{{tensor.Int32, onnxtest.Int32}, {tensor.UInt8, onnxtest.UInt8}, {tensor.Float64, onnxtest.Float64}, {tensor.Float16, float16}} {
		d, kind := c.d, c.kind
		t.Run(d.String(), func(t *testing.T) {
			weight := make([]float32, 8*4)
			for i := range weight {
				weight[i] = float32(i%7) / 4
			}
			folder := t.TempDir()
			path := filepath.Join(folder, "float.onnx")
			file := onnxtest.Model(
				onnxtest.Node("Cast", []string{"x"}, []string{"numbers"}, onnxtest.AttrInt("to", onnxtest.Float32)),
				onnxtest.Node("MatMul", []string{"numbers", "w"}, []string{"sums"}),
				onnxtest.Node("Cast", []string{"sums"}, []string{"y"}, onnxtest.AttrInt("to", int64(kind))),
				onnxtest.Floats("w", []int64{8, 4}, weight...), onnxtest.Input("x", kind, "n", 8), onnxtest.Output("y", kind, "n", 4))
			if err := os.WriteFile(path, file, 0o644); err != nil {
				t.Fatal(err)
			}
			m, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			x := smallNumbers(t, d, tensor.Shape{6, 8})
			samples, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": x})
			if err != nil {
				t.Fatal(err)
			}
			int8, report, err := octet.QuantizeNamed(t.Context(), m, samples)
			if err != nil || report.Int8Nodes == 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			for _, format := range []onnx.Format{onnx.QDQ, onnx.QOperator} {
				path := filepath.Join(folder, format.String()+".onnx")
				if _, err := int8.SaveONNX(t.Context(), path, octet.WithFormat(format)); err != nil {
					t.Fatal(err)
				}
				f, err := onnx.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				in, out, err := onnx.Given{}.Ports(f)
				if err != nil {
					t.Fatal(err)
				}
				if in[0].String() != d.String()+"[n, 8] x" || out[0].DType != d || out[0].Name != "y" {
					t.Errorf("%v: the file takes %v and gives %v", format, in, out)
				}
				back, err := octet.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				if !back.Quantized() {
					t.Errorf("%v: the file is not quantized", format)
				}
				s, err := back.Compile()
				if err != nil {
					t.Fatal(err)
				}
				y, err := s.RunNamed(t.Context(), map[string]*tensor.Tensor{"x": x})
				if err != nil || y["y"].DType() != d || !y["y"].Shape().Equal(tensor.Shape{6, 4}) {
					t.Errorf("%v: the file gives %v, %v", format, y["y"], err)
				}
			}
		})
	}
}
