package torch

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

var modelKeys = []string{"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
	"bn.num_batches_tracked", "fc.weight", "fc.bias"}

// TestPick reads checkpoints that PyTorch wrote; all hold the same small model.
func TestPick(t *testing.T) {
	want, err := Load("testdata/golden/plain_dict.pth", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, key, source, stripped string }{
		{"plain_dict.pth", "", "", ""},
		{"training.pth", "", ": state_dict", ""},
		{"training.pth", "state_dict", ": state_dict", ""},
		{"two_models.pth", "model_ema", ": model_ema", ""},
		{"nested.pth", "", ": nested.deep", ""},
		{"nested.pth", "nested.deep", ": nested.deep", ""},
		{"wrapped.pth", "", "", "module. _orig_mod."},
		{"zipped_legacy.pth", "", "", ""},
	} {
		sd, err := Load("testdata/golden/"+c.file, c.key)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if !slices.Equal(sd.Keys(), modelKeys) {
			t.Errorf("%s: keys %v", c.file, sd.Keys())
		}
		if got := strings.Join(sd.Stripped, " "); got != c.stripped || sd.Source != "testdata/golden/"+c.file+c.source {
			t.Errorf("%s: stripped %q, source %q", c.file, got, sd.Source)
		}
		for _, k := range sd.Keys() {
			a, _ := want.Tensor(k)
			if b, _ := sd.Tensor(k); !slices.Equal(a.Bytes(), b.Bytes()) || a.DType() != b.DType() {
				t.Errorf("%s: %s differs", c.file, k)
			}
		}
		if c.file != "plain_dict.pth" && sd.Metadata["bn"] != 2 {
			t.Errorf("%s: version of bn is %d, want 2", c.file, sd.Metadata["bn"])
		}
	}
	if want.Metadata != nil {
		t.Errorf("plain_dict.pth has metadata %v", want.Metadata)
	}
}

// TestRefusals checks what the errors say and what to do about it.
func TestRefusals(t *testing.T) {
	saveLine := `torch.save(model.state_dict(), "model_state.pth")`
	for _, c := range []struct {
		file, key string
		is        error
		says      []string
	}{
		{"golden/whole_model.pth", "", ErrPickledModel, []string{"torch.nn.modules.container.Sequential", saveLine}},
		{"golden/whole_model_legacy.pth", "", ErrPickledModel, []string{saveLine}},
		{"golden/two_models.pth", "", ErrAmbiguous, []string{"model, model_ema", "key"}},
		{"golden/training.pth", "optimizer", ErrNoStateDict, []string{"optimizer", "state_dict"}},
		{"golden/leftover_inside.pth", "", ErrGlobal, []string{"key norm", "multiarray._reconstruct", saveLine}},
		{"golden/protocol4.pth", "", nil, []string{"protocol 4", "pickle_protocol"}},
		{"samples/evil_os_system_nt.pth", "", ErrGlobal, []string{"nt.system"}},
		{"samples/evil_getattr.pth", "", ErrGlobal, []string{"builtins.getattr"}},
		{"samples/evil_persid_module.pth", "", ErrPickledModel, []string{"torch.nn.Linear", saveLine}},
		{"samples/ts_quant_trace.pt", "", ErrTorchScript, []string{"TorchScript", "torch.jit.load"}},
		{"samples/zip_bomb_pickle.pth", "", ErrLimit, []string{"32 times"}},
		{"samples/qtensor_scale_nan.pth", "", nil, []string{"record data.pkl", "key w", "scale"}},
		{"samples/zip_crc_flip.pth", "", nil, []string{"data/0", "key stem.0.weight", "checksum"}},
	} {
		path := "testdata/" + c.file
		_, err := Load(path, c.key)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v, want %v", path, err, c.is)
			continue
		}
		for _, s := range append(c.says, path) {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q is not in %v", path, s, err)
			}
		}
	}
}

// TestLeftovers: what a training script keeps beside the model is inert and named.
func TestLeftovers(t *testing.T) {
	c, err := Open("testdata/golden/training.pth")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	root := c.Root().(*Dict)
	for key, global := range map[string]string{
		"args": "argparse.Namespace", "best": "numpy._core.multiarray.scalar", "history": "numpy._core.multiarray._reconstruct",
		"root": "pathlib.PurePosixPath", "device": "torch.device", "version": "torch.torch_version.TorchVersion",
	} {
		v, _ := root.Get(key)
		if o, ok := v.(*Opaque); !ok || o.Global.String() != global {
			t.Errorf("%s is %v, want an object of %s", key, v, global)
		}
	}
	if seen, _ := root.Get("seen"); seen.(*Dict).Len() != 1 {
		t.Errorf("the defaultdict is %v", seen)
	}
}

// TestGlobalsOutsideTheLists: every name that is on no list is refused, alone
// and where its class is harmless but unknown.
func TestGlobalsOutsideTheLists(t *testing.T) {
	for _, g := range []string{"os system", "posix system", "subprocess Popen", "builtins eval", "__builtin__ exec", "builtins getattr",
		"builtins __import__", "torch load", "torch hub.load", "torch._utils _rebuild_tensor_v2.__globals__", "numpy load",
		"functools partial", "operator attrgetter", "_codecs decode", "torch.storage _load_from_bytes", "collections namedtuple",
		"models.net Net", "__main__ Net", "copyreg _reconstructor", "pathlib Path.exists", "torch float32.x"} {
		module, name, _ := strings.Cut(g, " ")
		if v, err := resolve(module, name); err == nil {
			t.Errorf("%s became %v", g, v)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", g, err)
		}
	}
}

// TestLinear reads the same layer from all four layouts of history.
func TestLinear(t *testing.T) {
	var first *tensor.Tensor
	for _, file := range []string{"quant_old_linear_v1", "quant_old_linear_v1packed", "quant_old_linear_v2", "quant_fbgemm"} {
		sd, err := Load("testdata/samples/"+file+".pth", "")
		if err != nil {
			t.Fatal(err)
		}
		w, b, err := sd.Linear("fc")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = w
		}
		if !slices.Equal(first.Int8s(), w.Int8s()) || !first.QParams().Equal(w.QParams()) || b.Numel() != 10 {
			t.Errorf("%s: weight %v, bias %v", file, w, b)
		}
	}
	sd, err := Load("testdata/samples/dynamic_linear.pth", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sd.Linear("missing"); err == nil || !strings.Contains(err.Error(), "missing.weight") {
		t.Errorf("error %v", err)
	}
	sd.SetTensor("a.weight", first)
	if _, _, err := sd.Linear("a"); err == nil || !strings.Contains(err.Error(), "second time") {
		t.Errorf("error %v", err)
	}
}
