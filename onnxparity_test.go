package octet_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// sameCode is far below the distance of two codes (0.005 here) and above what the last bit of
// their scale makes, which depends on the order in which float sums are added.
const sameCode = 1e-6

// TestExportedAsPyTorch: a network that PyTorch exported has PyTorch's operators again, and its
// int8 model gives the logits of the one that PyTorch converts, for all exporters.
func TestExportedAsPyTorch(t *testing.T) {
	read := func(name string) *tensor.Tensor {
		x, err := npy.ReadFile("testdata/parity/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	x := read("x.npy")
	for _, exporter := range []string{"torchscript.onnx", "dynamo.onnx", "export.pt2"} {
		m, err := octet.Open("testdata/parity/" + exporter)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, n := range m.Graph().Nodes {
			counts[n.Op.Kind()]++
			if c, ok := n.Op.(op.Cat); ok && n.Output().Type.DType == tensor.Float32 && !c.Views {
				t.Errorf("%s: %s joins a view as what is no view", exporter, n.Name)
			}
		}
		for kind, want := range map[string]int{"affine": 1, "slice": 2, "channel_shuffle": 1, "adaptive_avg_pool2d": 1, "transpose": 0, "strided_slice": 0} {
			if kind == "strided_slice" && exporter != "torchscript.onnx" {
				continue // of all images, and of shapes
			}
			if kind == "adaptive_avg_pool2d" && exporter == "torchscript.onnx" {
				kind = "mean" // what ONNX's GlobalAveragePool is
			}
			if counts[kind] != want {
				t.Errorf("%s: %d of %s; want %d of all %v", exporter, counts[kind], kind, want, counts)
			}
		}
		for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
			int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(x), octet.WithBackend(backend), octet.WithQConfig("torchvision"))
			if err != nil {
				t.Fatal(err)
			}
			session, err := int8.Compile()
			if err != nil {
				t.Fatal(err)
			}
			got, err := session.Run(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			want := read(string(backend) + ".npy").Float32s()
			for i, y := range got.Float32s() {
				if math.Abs(float64(y-want[i])) > sameCode {
					t.Errorf("%s, %s: logit %d is %v; PyTorch has %v", exporter, backend, i, y, want[i])
				}
			}
		}
	}
}
