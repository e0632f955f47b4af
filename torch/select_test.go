package torch

import (
	"errors"
	"slices"
	"strings"
	"testing"
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
		{"checkpoints/refused/model_at_key.pth", "", ErrPickledModel, []string{"container.Sequential", saveLine, `["model"]`}},
		{"checkpoints/refused/model_in_list.pth", "", ErrPickledModel, []string{"container.Sequential", saveLine, `)[0]`}},
		{"checkpoints/refused/model_beside_tensor.pth", "", ErrPickledModel, []string{"key net", "container.Sequential", saveLine, `["net"]`}},
		{"checkpoints/refused/model_protocol4.pth", "", ErrPickledModel, []string{"container.Sequential", `["ema"]`}},
		{"checkpoints/refused/enum_inside.pth", "", ErrGlobal, []string{"key state_dict.phase", "project.Phase", `sd.pop("phase")`}},
		{"checkpoints/refused/array_inside.pth", "", ErrGlobal, []string{"key state_dict.norm", "multiarray._reconstruct", `sd.pop("norm")`}},
		{"checkpoints/refused/dataclass_inside.pth", "", ErrGlobal, []string{`key state_dict.cfg's "name"`, "project.Config", `'\''s \"name\"`}},
		{"checkpoints/refused/class_inside.pth", "", ErrGlobal, []string{"key state_dict.cls", "project.Head"}},
		{"checkpoints/refused/sparse_inside.pth", "", ErrGlobal, []string{"key state_dict.extra", "_rebuild_sparse_tensor"}},
		{"checkpoints/refused/conj_inside.pth", "", nil, []string{"key state_dict.z", "pending conj", "resolve_conj"}},
		{"checkpoints/refused/enum_alone.pth", "", ErrNoStateDict, []string{"project.Phase"}},
		{"checkpoints/refused/dataclass_alone.pth", "", ErrNoStateDict, []string{"project.Config"}},
		{"checkpoints/refused/optimizer_alone.pth", "", ErrNoStateDict, []string{"a dict", "python -c"}},
		{"checkpoints/refused/scheduler_alone.pth", "", ErrNoStateDict, []string{"a dict", "python -c"}},
		{"checkpoints/refused/rng_alone.pth", "", ErrNoStateDict, []string{"a list", "python -c"}},
		{"checkpoints/refused/tensor_alone.pth", "", ErrNoStateDict, []string{"a tensor", "python -c"}},
		{"checkpoints/refused/attrdict_alone.pth", "", ErrNoStateDict, []string{"a dict"}},
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
		if c.is != ErrPickledModel && errors.Is(err, ErrPickledModel) {
			t.Errorf("%s is called a pickled model: %v", path, err)
		}
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

// TestHostileGlobals: what attacks are made of is refused by name, alone, as an
// attribute, and under the names of protocol 4.
func TestHostileGlobals(t *testing.T) {
	for _, g := range []string{"os system", "posix system", "subprocess Popen", "builtins eval", "__builtin__ exec", "builtins getattr",
		"builtins __import__", "torch load", "torch hub.load", "torch._utils _rebuild_tensor_v2.__globals__", "numpy load",
		"operator attrgetter", "_codecs decode", "torch.storage _load_from_bytes", "collections namedtuple",
		"pathlib Path.exists", "torch float32.x", "nt system", "os.path join", "sys modules", "importlib import_module", "runpy run_path",
		"webbrowser open", "pty spawn", "socket socket", "shutil rmtree", "pickle loads", "builtins open", "builtins compile", "urllib.request urlopen",
		"torch.hub load", "numpy.testing._private.utils runstring", "ctypes CDLL", "code InteractiveInterpreter", "functools reduce", "types FunctionType"} {
		module, name, _ := strings.Cut(g, " ")
		if v, err := resolve(module, name); err == nil {
			t.Errorf("%s became %v", g, v)
		} else if !strings.Contains(err.Error(), name) || !errors.Is(err, ErrGlobal) {
			t.Errorf("%s is not named in %v", g, err)
		}
	}
	for _, g := range []string{"posix system", "torch.serialization os.system", "torch._utils _rebuild_tensor_v2.__globals__", "project Net.__class__",
		"numpy.f2py x", "project a..b", "builtins eval"} {
		module, name, _ := strings.Cut(g, " ")
		if v, err := resolveNested(module, name); err == nil {
			t.Errorf("%s became %v", g, v)
		}
	}
}

// TestUnknownClasses: any other name is a name, whose objects are opaque.
func TestUnknownClasses(t *testing.T) {
	for _, g := range []string{"models.net Net", "__main__ Net", "functools partial", "copyreg _reconstructor", "torch.nn.modules.linear Linear", "os_utils Config",
		"system System", "builtins ValueError", "pathlib PosixPath", "my.os Thing"} {
		module, name, _ := strings.Cut(g, " ")
		v, err := resolve(module, name)
		if err != nil || v != Value(Global{module, name}) {
			t.Errorf("%s became %v, error %v", g, v, err)
			continue
		}
		o, err := reduce(v, &List{Kind: Tuple, Items: []Value{Int(1)}})
		if opaque, ok := o.(*Opaque); !ok || opaque.Global.Name != name {
			t.Errorf("%s(1) became %v, error %v", g, o, err)
		}
	}
	if v, err := resolveNested("torch", "_utils._rebuild_tensor_v2"); err != nil || roleOf(v.(Global)) != roleInert {
		t.Errorf("a nested name became %v, error %v", v, err)
	}
}
