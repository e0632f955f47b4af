package pt2_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
)

// FuzzRead feeds damaged archives: no input may make the reader panic.
func FuzzRead(f *testing.F) {
	f.Add(example(f).packed(f, zip.Store))
	f.Add(quantized(f).packed(f, zip.Store))
	f.Fuzz(func(t *testing.T, data []byte) { build(data) })
}

// FuzzProgram feeds damaged programs in a whole archive.
func FuzzProgram(f *testing.F) {
	a := example(f)
	f.Add(a[model])
	f.Fuzz(func(t *testing.T, program []byte) {
		a[model] = program
		build(a.packed(t, zip.Store))
	})
}

// FuzzWeights feeds damaged tables of weights in a whole archive.
func FuzzWeights(f *testing.F) {
	a := example(f)
	f.Add(a[weights])
	f.Fuzz(func(t *testing.T, table []byte) {
		a[weights] = table
		build(a.packed(t, zip.Store))
	})
}

func build(data []byte) {
	file, err := pt2.Read(bytes.NewReader(data), int64(len(data)), "fuzz")
	if err != nil {
		return
	}
	file.Operators()
	file.Parameters()
	for _, name := range file.Names() {
		_, _ = file.Tensor(name)
	}
	_, _ = file.Graph(onnx.Given{})
}
