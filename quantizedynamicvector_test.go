package octet_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// A model that takes a vector is quantized dynamically, and its file gives the same bits: the vector
// is the left or the right factor of a matrix.
func TestQuantizeDynamicOfAVector(t *testing.T) {
	r := testseed.Rand(t)
	folder := t.TempDir()
	numbers := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	const k, rows = 13, 5
	for name, c := range map[string]struct {
		shape   []int64
		factors []string
	}{
		"left":  {[]int64{k, rows}, []string{"x", "w"}},
		"right": {[]int64{rows, k}, []string{"w", "x"}},
	} {
		file := filepath.Join(folder, name+".onnx")
		data := onnxtest.Model(onnxtest.Floats("w", c.shape, numbers(k*rows)...), onnxtest.Floats("b", []int64{rows}, numbers(rows)...),
			onnxtest.Node("MatMul", c.factors, []string{"p"}), onnxtest.Node("Add", []string{"p", "b"}, []string{"y"}),
			onnxtest.Input("x", onnxtest.Float32, k), onnxtest.Output("y", onnxtest.Float32, rows))
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := octet.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.Of(numbers(k), k)
		float := runOf(t, m, x)
		for _, opts := range [][]octet.DynamicOption{nil, {octet.WithBackend(octet.ONNX)}, {octet.WithBackend(octet.FBGEMM)}} {
			int8, _, err := octet.QuantizeDynamic(m, opts...)
			if err != nil {
				t.Fatal(err)
			}
			y := runOf(t, int8, x)
			if !y.Shape().Equal(tensor.Shape{rows}) || kindsOf(int8)["dynamic_linear"] != 1 {
				t.Errorf("%s: %v of %v", name, y, kindsOf(int8))
			}
			same(t, y, float, 0.6) // 13 products of numbers of about 1, whose codes are up to 0.02 off
			out := filepath.Join(folder, "int8.onnx")
			if _, err := int8.SaveONNX(context.Background(), out); err != nil {
				t.Fatal(err)
			}
			back, err := octet.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			if again := runOf(t, back, x); !bytes.Equal(again.Bytes(), y.Bytes()) {
				t.Errorf("%s: read back it gives %v, not %v", name, again, y)
			}
		}
	}
}
