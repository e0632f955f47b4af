package statedict

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// trainedNet is the network of tools/golden/qat.py.
func trainedNet() *graph.Graph {
	g := graph.New("net")
	conv := func(x *graph.Value, name string, kernel, stride, in, out, groups int, bias bool) *graph.Value {
		inputs := []*graph.Value{x, g.AddParam(name+".weight", out, in/groups, kernel, kernel)}
		if bias {
			inputs = append(inputs, g.AddParam(name+".bias", out))
		}
		pad := kernel / 2
		return g.AddNode(name, op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{pad, pad}, Dilation: [2]int{1, 1}, Groups: groups}, inputs...)
	}
	norm := func(x *graph.Value, name string) *graph.Value {
		in := []*graph.Value{x}
		for _, p := range []string{"weight", "bias", "running_mean", "running_var"} {
			in = append(in, g.AddParam(name+"."+p, 8))
		}
		return g.AddNode(name, op.BatchNorm{Eps: 1e-3}, in...)
	}
	pool := op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}
	x := g.AddNode("quant", op.Quantize{}, g.AddInput("x", graph.Float32))
	x = g.AddNode("stem.2", op.Hardswish{}, norm(conv(x, "stem.0", 3, 2, 3, 8, 1, false), "stem.1"))
	y := g.AddNode("body.2", op.Clamp{Act: quant.ReLU}, norm(conv(x, "body.0", 3, 1, 8, 8, 8, false), "body.1"))
	s := conv(g.AddNode("pool", pool, y), "fc1", 1, 1, 8, 8, 1, true)
	y = g.AddNode("mul", op.Mul{}, g.AddNode("unit", op.Hardsigmoid{}, s), y)
	x = g.AddNode("adaptive_avg_pool2d", pool, g.AddNode("add", op.Add{}, x, y))
	x = g.AddNode("flatten", op.Flatten{Start: 1, End: -1}, x)
	x = g.AddNode("head", op.Linear{}, x, g.AddParam("head.weight", 5, 8), g.AddParam("head.bias", 5))
	g.Outputs = append(g.Outputs, g.AddNode("dequant", op.Dequantize{}, x))
	g.Idle = []string{"idle"}
	return g
}

func stateDictOf(t *testing.T, name string) *torch.StateDict {
	t.Helper()
	c, err := torch.Open(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	sd, err := c.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func TestBindPreparedIsPyTorchsConvert(t *testing.T) {
	for _, name := range []string{"fbgemm_v1", "fbgemm_v1_frozen", "fbgemm_v0", "qnnpack_v1", "qnnpack_v1_frozen", "qnnpack_v0"} {
		t.Run(name, func(t *testing.T) {
			sd, want := stateDictOf(t, "qat_"+name+".pth"), stateDictOf(t, "qat_"+name+"_converted.pth")
			if !IsPrepared(sd) || IsPrepared(want) || IsQuantized(sd) {
				t.Error("the stage of a file is not recognized")
			}
			g, found, err := BindPrepared(trainedNet(), sd, QuantizedOptions{})
			if err != nil {
				t.Fatal(err)
			}
			// Fused observers are averages by themselves; of others the file does not say it.
			averages := strings.Contains(strings.Join(found.Notes, "\n"), "ranges of weights are moving averages")
			notes := 1
			if strings.HasSuffix(name, "_v0") {
				notes = 2
			}
			if !strings.HasPrefix(name, g.Numerics.String()) || len(found.Notes) != notes || averages != (notes == 2) {
				t.Errorf("numerics %v, notes %q", g.Numerics, found.Notes)
			}
			sameAsPyTorchs(t, g, want)
		})
	}
}

// sameAsPyTorchs compares a converted graph with the state dict that PyTorch
// converted: the same keys, integers, scales and zero points.
func sameAsPyTorchs(t *testing.T, g *graph.Graph, want *torch.StateDict) {
	t.Helper()
	got, err := ExportStateDict(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range want.Keys() {
		w, _ := want.Entry(k)
		v, ok := got.Entry(k)
		if !ok {
			t.Errorf("%s is missing", k)
			continue
		}
		a, b := tensorsOf(v), tensorsOf(w)
		if len(a) != len(b) {
			t.Errorf("%s: %s, PyTorch has %s", k, torch.Describe(v), torch.Describe(w))
			continue
		}
		for i := range a {
			if a[i].DType() != b[i].DType() || !bytes.Equal(a[i].Data.Bytes(), b[i].Data.Bytes()) || !a[i].Data.QParams().Equal(b[i].Data.QParams()) {
				t.Errorf("%s: %v %s, PyTorch has %v %s", k, a[i].Data, firstBytes(a[i].Data), b[i].Data, firstBytes(b[i].Data))
			}
		}
	}
	if got.Len() != want.Len() {
		t.Errorf("%d keys, PyTorch has %d", got.Len(), want.Len())
	}
}

// tensorsOf are those of one value, a weight and its bias in one included.
func tensorsOf(v torch.Value) (list []*torch.Tensor) {
	sd := torch.StateDict{}
	sd.Set("value", v)
	return slices.Collect(sd.Tensors())
}

func firstBytes(x *tensor.Tensor) string {
	b := x.Bytes()
	return fmt.Sprintf("%x", b[:min(len(b), 8)])
}

func TestBindPreparedNamesWhatDoesNotFit(t *testing.T) {
	sd := stateDictOf(t, "qat_qnnpack_v1.pth")
	sd.Delete("body.0.weight_fake_quant.activation_post_process.min_val")
	sd.Delete("add.activation_post_process.activation_post_process.eps")
	v, _ := sd.Entry("fc1.activation_post_process.activation_post_process.min_val")
	sd.Set("other.activation_post_process.activation_post_process.min_val", v)
	_, _, err := BindPrepared(trainedNet(), sd, QuantizedOptions{})
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) || mismatch.Count(Missing) != 2 || mismatch.Count(Extra) != 1 {
		t.Errorf("error %v", err)
	}
	if _, _, err := BindPrepared(trainedNet(), stateDictOf(t, "qat_qnnpack_v1_converted.pth"), QuantizedOptions{}); err == nil {
		t.Error("a converted model is taken for a prepared one")
	}
}
