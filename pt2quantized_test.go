package octet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/samegraph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/tensor"
)

// quantizedPrograms are the files of pt2/testdata/quantized.zip by name, those of tools/pt2/quantized.py.
func quantizedPrograms(t *testing.T) map[string][]byte {
	t.Helper()
	return zipped(t, "pt2/testdata/quantized.zip")
}

// zipped are the files of an archive by name.
func zipped(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return files
}

func arrayOf(t *testing.T, data []byte) *tensor.Tensor {
	t.Helper()
	a, err := npy.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// holders finds, for each node of the model that has the codes of quantizers of the program, these.
func holders(t *testing.T, f *pt2.File, m *octet.Model) map[string][]string {
	t.Helper()
	raw, err := f.Graph(onnx.Given{})
	if err != nil {
		t.Fatal(err)
	}
	return samegraph.Holders(raw, m.Graph())
}

// TestCodesOfPT2E: programs that PT2E quantized compute on codes, node by node those of PyTorch; what
// stays float has no quantizer around it.
func TestCodesOfPT2E(t *testing.T) {
	files := quantizedPrograms(t)
	layers := map[string]int{"small_inductor": 6, "small_inductor7": 6, "small_xnnpack": 6, "small_xnnpack1": 6}
	for name, want := range layers {
		f := program(t, files[name+".pt2"], name)
		m, err := octet.OpenPT2(f)
		if err != nil {
			t.Error(err)
			continue
		}
		if !m.Quantized() || m.Backend() != octet.FBGEMM {
			t.Errorf("%s is no int8 model, of backend %q", name, m.Backend())
		}
		onCodes := 0
		for _, n := range m.Graph().Nodes {
			if _, ok := n.Op.(op.Weighted); ok && n.Inputs[0].Type.DType.IsQuantized() && n.Inputs[1].Type.DType.IsQuantized() {
				onCodes++
			}
		}
		if onCodes != want {
			t.Errorf("%s: %d layers compute on codes; want %d", name, onCodes, want)
		}
		session, err := m.Compile()
		if err != nil {
			t.Fatal(err)
		}
		held, compared, other, all := holders(t, f, m), 0, 0, 0
		y, err := session.RunTapped(t.Context(), arrayOf(t, files[name+".x.npy"]), func(n *graph.Node, got *tensor.Tensor) error {
			for _, q := range held[n.Name] {
				golden, ok := files[name+".codes."+q+".npy"]
				if !ok {
					continue
				}
				compared++
				codes := arrayOf(t, golden)
				if !codes.Shape().Equal(got.Shape()) {
					t.Errorf("%s: %s has the shape %v; want %v", name, n.Name, got.Shape(), codes.Shape())
					continue
				}
				a, b := got.Bytes(), codes.Bytes()
				for i := range a {
					if all++; a[i] != b[i] {
						other++
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if compared < 5 || other > 0 {
			t.Errorf("%s: %d nodes compared, %d of %d codes are others", name, compared, other, all)
		}
		same(t, y, arrayOf(t, files[name+".y.npy"]), nearPyTorch)
	}
}

// TestDynamicPT2E: scales that are chosen at run time are refused, with what to do.
func TestDynamicPT2E(t *testing.T) {
	_, err := octet.OpenPT2(program(t, quantizedPrograms(t)["small_dynamic.pt2"], "dynamic"))
	var missing *onnx.UnsupportedError
	if !errors.As(err, &missing) || !strings.Contains(missing.Nodes[0].Op, "choose_qparams") || !strings.Contains(missing.Nodes[0].Advice, "is_dynamic=False") {
		t.Errorf("error %v", err)
	}
}
