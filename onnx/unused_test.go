package onnx_test

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Every initializer of dynamically quantized layers is read: ONNX Runtime warns of each that is
// not.
func TestDynamicLayersReadWhatTheyStore(t *testing.T) {
	r := testseed.Rand(t)
	written := 0
	for _, c := range randomgraph.Cases {
		if !slices.Contains([]string{"dynamic convolutions", "dynamic products", "rows of dynamic codes"}, c.Name) {
			continue
		}
		g := c.Build(randomgraph.New(r, c.Name, tensor.Float32, quant.ONNX))
		data, err := onnx.Marshal(g, exportOf(randomgraph.Image(r, 2, c.Channels, c.H, c.W), onnx.MaxExportOpset, onnx.QDQ))
		if err != nil {
			continue // a bias that is rounded down, which is not written
		}
		written++
		m, err := onnxpb.Unmarshal(data)
		if err != nil {
			t.Fatal(err)
		}
		read := map[string]bool{}
		for _, n := range m.GetGraph().GetNode() {
			for _, name := range n.GetInput() {
				read[name] = true
			}
		}
		for _, v := range m.GetGraph().GetOutput() {
			read[v.GetName()] = true
		}
		for _, v := range m.GetGraph().GetInitializer() {
			if !read[v.GetName()] {
				t.Errorf("%s: nothing reads %s", c.Name, v.GetName())
			}
		}
	}
	if written < 2 {
		t.Errorf("%d models were written", written)
	}
}
