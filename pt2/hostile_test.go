package pt2_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
)

// maxHostile bounds what reading a hostile file allocates, in bytes.
const maxHostile = 64 << 20

// TestHostileFiles are refused by an error that names the record, the value or the node, in
// little memory.
func TestHostileFiles(t *testing.T) {
	good := example(t)
	whole := good.packed(t, zip.Store)
	change := func(record, old, new string) []byte { return good.with(t, record, old, new).packed(t, zip.Store) }
	renamed := func(name string) []byte {
		a := good.without(model)
		a[name] = good[model]
		return a.packed(t, zip.Store)
	}
	for _, h := range []struct {
		name string
		data []byte
		says string
	}{
		{"empty", nil, "torch.export.save"},
		{"truncated", whole[:len(whole)/2], "cut off"},
		{"no zip", []byte("this is no model at all, but it is longer than a header"), "torch.export.save"},
		{"compressed", good.packed(t, zip.Deflate), "inflate"},
		{"a state dict", archive{"m/data.pkl": {0x80, 2, '.'}, "m/version": []byte("3\n")}.packed(t, zip.Store), "FILE.pth"},
		{"TorchScript without a version", archive{"m/data.pkl": nil, "m/constants.pkl": nil}.packed(t, zip.Store), "record version"},
		{"another format", change("export_example/archive_format", "pt2", "pt9"), "archive_format"},
		{"schema 99", change(model, `"major": 8`, `"major": 99`), "schema version 99"},
		{"no program", good.without(model).packed(t, zip.Store), "models/model.json"},
		{"no JSON", change(model, `"nodes": [`, `"nodes": {`), "model.json"},
		{"two roots", renamed("elsewhere/models/model.json"), "top folder"},
		{"a path above", renamed("export_example/../model.json"), `".."`},
		{"an absolute path", renamed("/export_example/models/model.json"), "relative"},
		{"a weight elsewhere", change(weights, `"weight_0"`, `"../../models/model.json"`), "is not in"},
		{"a weight that is not there", change(weights, `"weight_0"`, `"weight_77"`), "weight_77"},
		{"strides beyond the record", change(weights, `[{"as_int": 9}, {"as_int": 9}`, `[{"as_int": 99999}, {"as_int": 9}`), "beyond"},
		{"a negative stride", change(weights, `[{"as_int": 9}, {"as_int": 9}`, `[{"as_int": -9}, {"as_int": 9}`), "stride -9"},
		{"a huge extent", change(weights, `[{"as_int": 4}, {"as_int": 1}, {"as_int": 3}`, `[{"as_int": 2000000000}, {"as_int": 2000000000}, {"as_int": 2000000000}`), "c1.weight"},
		{"many elements of a few", change(weights, `[{"as_int": 4}, {"as_int": 1}, {"as_int": 3}, {"as_int": 3}], "requires_grad": true, "device": {"type": "cpu", "index": null}, "strides": [{"as_int": 9}`,
			`[{"as_int": 2000000000}, {"as_int": 1}, {"as_int": 3}, {"as_int": 3}], "requires_grad": true, "device": {"type": "cpu", "index": null}, "strides": [{"as_int": 0}`), "four times"},
		{"an operator that there is not", change(model, "aten.relu.default", "aten.bernoulli.default"), "bernoulli"},
		{"an operator of others", change(model, "torch.ops.aten.relu.default", "torch.ops.evil.run.default"), "evil"},
		{"an argument that there is not", change(model, `"name": "momentum"`, `"name": "evil"`), `"evil"`},
		{"a value of nobody", change(model, `{"as_tensor": {"name": "batch_norm"}}, "kind": 1`, `{"as_tensor": {"name": "nobody"}}, "kind": 1`), "nobody"},
		{"a shape that is another", change(model, `"as_ints": [2, 2]`, `"as_ints": [1, 1]`), "program says otherwise"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := pt2.Read(bytes.NewReader(h.data), int64(len(h.data)), "the file")
		if err == nil {
			_, err = f.Graph(onnx.Given{})
		}
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), h.says) || !strings.Contains(err.Error(), "the file") {
			t.Errorf("%s: error %v; expected %q", h.name, err, h.says)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > maxHostile {
			t.Errorf("%s: %d bytes were allocated", h.name, n)
		}
	}
}

// TestSampleInputsAreNeverOpened: they are a pickle, which may be anything.
func TestSampleInputsAreNeverOpened(t *testing.T) {
	a := example(t)
	a["export_example/data/sample_inputs/model.pt"] = []byte("cos\nsystem\n(S'exit 1'\ntR.")
	data := a.packed(t, zip.Store)
	f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), "the file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Graph(onnx.Given{}); err != nil {
		t.Error(err)
	}
}

func TestFoldersAndLinksAreRefused(t *testing.T) {
	if _, err := pt2.Open(t.TempDir()); err == nil {
		t.Error("a folder is read")
	}
	path := filepath.Join(t.TempDir(), "model.pt2")
	if err := os.WriteFile(path, example(t).packed(t, zip.Store), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := pt2.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Names(); len(got) != 9 || got[0] != "c1.weight" {
		t.Errorf("the state dict has the keys %v", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestEveryUnsupportedNodeIsListed at once, with what can be done.
func TestEveryUnsupportedNodeIsListed(t *testing.T) {
	a := example(t).with(t, model, "aten.relu.default", "aten.bernoulli.default").with(t, model, "aten.conv2d.default", "aten.nonzero.default")
	data := a.packed(t, zip.Store)
	f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), "the file")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Graph(onnx.Given{})
	missing, ok := err.(*onnx.UnsupportedError)
	if !ok || len(missing.Nodes) != 2 || missing.Unchecked != 3 {
		t.Fatalf("error %v; two nodes are not supported, and three behind them unchecked", err)
	}
	for _, n := range missing.Nodes {
		if n.Node == "" || n.Op == "" || n.Output == "" || n.Reason == "" || n.Advice == "" {
			t.Errorf("%+v leaves something out", n)
		}
	}
}
