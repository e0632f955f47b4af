package octet_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/train"
)

// beside is what training keeps beside a network, by kind.
var beside = map[string][]string{
	"nothing":  nil,
	"loss":     {"criterion.weight"},
	"metrics":  {"train_acc.tp", "val_acc.tp", "val_acc.fp", "confusion.confmat"},
	"averages": {"n_averaged"},
	"contrast": {"queue", "queue_ptr", "loss_fn.centers"},
}

// wrapped is a state dict with a prefix before each key, beside other entries.
func wrapped(sd *torch.StateDict, prefix string, others []string) *torch.StateDict {
	out := sd.Select(func(key string) (string, bool) { return prefix + key, true })
	for _, k := range others {
		out.SetTensor(k, tensor.Of([]float32{1, 2, 3}, 3))
	}
	return out
}

func saved(t *testing.T, sd *torch.StateDict) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.pth")
	if err := torch.Save(path, sd); err != nil {
		t.Fatal(err)
	}
	return path
}

func savedAsSafetensors(t *testing.T, sd *torch.StateDict) string {
	t.Helper()
	var f safetensors.File
	for _, key := range sd.Keys() {
		if x, ok := sd.Tensor(key); ok {
			f.Set(key, x)
		}
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Save(path, &f); err != nil {
		t.Fatal(err)
	}
	return path
}

// The kinds of state dicts of one network: float, converted, prepared.
func stages(t *testing.T, x *tensor.Tensor) map[string]*torch.StateDict {
	t.Helper()
	float := open(t)
	int8, _, err := octet.Quantize(t.Context(), float, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*torch.StateDict{"float": stateOf(t, float), "int8": stateOf(t, int8), "prepared": preparedState(t, float, x)}
}

// A network opens under any prefix, whatever is beside it, and computes the same.
func TestWrappers(t *testing.T) {
	slow(t, "opens a network in some hundred files")
	x := noise(t, 3)
	prefixes := []string{"module.", "net.", "backbone.", "encoder.", "student.", "1.", "model_fp32.", "_forward_module.", "timm_model.", "ema_model.",
		"_fsdp_wrapped_module.", "module.model.", "model.module.backbone._orig_mod.", "a.b.c.d.e."}
	for stage, sd := range stages(t, x) {
		m, err := octet.Open(saved(t, sd))
		if err != nil {
			t.Fatal(err)
		}
		want := run(t, m, x)
		for i, prefix := range prefixes {
			for kind, others := range beside {
				if stage != "float" && (i+len(kind))%3 > 0 { // a third of the combinations
					continue
				}
				file := wrapped(sd, prefix, others)
				paths := []string{saved(t, file)}
				if stage == "float" {
					paths = append(paths, savedAsSafetensors(t, file))
				}
				for _, path := range paths {
					m, err := octet.Open(path)
					if err != nil {
						t.Errorf("%s under %s beside %s: %v", stage, prefix, kind, err)
						continue
					}
					if !slices.Equal(run(t, m, x), want) {
						t.Errorf("%s under %s beside %s computes something else", stage, prefix, kind)
					}
					said := said(m)
					for _, e := range strings.Split(strings.TrimSuffix(prefix, "."), ".") {
						if !strings.Contains(said, e) {
							t.Errorf("%s of the prefix %s is not among the assumptions:\n%s", e, prefix, said)
						}
					}
					if len(others) > 0 && !strings.Contains(said, others[0]) && !strings.Contains(said, strings.Split(others[0], ".")[0]) {
						t.Errorf("%s is not among the assumptions:\n%s", others[0], said)
					}
				}
			}
		}
	}
}

// What is beside a network at the root is left out too.
func TestBesideTheNetwork(t *testing.T) {
	x := noise(t, 2)
	want := run(t, open(t), x)
	for kind, others := range beside {
		for _, arch := range []string{"", "fashion_resnet8"} {
			m, err := octet.Open(saved(t, wrapped(stateOf(t, open(t)), "", others)), octet.WithArch(arch))
			if err != nil {
				t.Errorf("beside %s: %v", kind, err)
				continue
			}
			if !slices.Equal(run(t, m, x), want) {
				t.Errorf("beside %s it computes something else", kind)
			}
		}
	}
}

// Names that wrappers of single layers put into keys are no part of them.
func TestWrappedLayers(t *testing.T) {
	x := noise(t, 2)
	sd := stateOf(t, open(t))
	want := run(t, open(t), x)
	for _, change := range [][2]string{
		{"layer1.", "layer1._orig_mod."}, {"layer2.0.", "layer2.0._checkpoint_wrapped_module."},
		{"layer3.", "_fsdp_wrapped_module.layer3._fsdp_wrapped_module."}, {"conv1.", "conv1._orig_mod."}, {"fc.", "fc._fsdp_wrapped_module."},
	} {
		file := sd.Select(func(key string) (string, bool) {
			if rest, ok := strings.CutPrefix(key, change[0]); ok {
				return "model." + change[1] + rest, true
			}
			return "model." + key, true
		})
		for _, path := range []string{saved(t, file), savedAsSafetensors(t, file)} {
			m, err := octet.Open(path)
			if err != nil {
				t.Errorf("%s: %v", change[1], err)
			} else if !slices.Equal(run(t, m, x), want) {
				t.Errorf("with %s it computes something else", change[1])
			}
		}
	}
}

// Of several networks in one flat state dict one must be named; what the error
// names opens.
func TestSeveralNetworks(t *testing.T) {
	x := noise(t, 2)
	sd := stateOf(t, open(t))
	want := run(t, open(t), x)
	for _, prefixes := range [][]string{
		{"student.", "teacher."}, {"model.", "ema."}, {"generator.", "discriminator.", "critic."}, {"", "ema_model.module."},
		{"module.net.", "module.shadow."}, {"online.backbone.", "target.backbone."},
	} {
		file := &torch.StateDict{}
		for i, p := range prefixes {
			for _, k := range sd.Keys() {
				v, _ := sd.Tensor(k)
				if i > 0 && k == "fc.bias" {
					v = v.Clone()
					v.Float32s()[0] += 100
				}
				file.SetTensor(p+k, v)
			}
		}
		for _, path := range []string{saved(t, file), savedAsSafetensors(t, file)} {
			_, err := octet.Open(path)
			var choice *octet.ChoiceError
			if !errors.As(err, &choice) || !errors.Is(err, torch.ErrAmbiguous) || len(choice.Choices) != len(prefixes) {
				t.Errorf("%q: %v", prefixes, err)
				continue
			}
			first := 0
			for _, c := range choice.Choices {
				if c.Arch != "fashion_resnet8" || !strings.Contains(err.Error(), c.Key) {
					t.Errorf("%q: choice %+v, error %v", prefixes, c, err)
				}
				m, err := octet.Open(path, octet.WithKey(c.Key))
				if err != nil {
					t.Errorf("%q: key %s: %v", prefixes, c.Key, err)
				} else if slices.Equal(run(t, m, x), want) {
					first++
				}
			}
			if first != 1 {
				t.Errorf("%q: %d choices open the first network", prefixes, first)
			}
			if _, err := octet.Open(path, octet.WithKey("nowhere")); !errors.Is(err, torch.ErrNoStateDict) {
				t.Errorf("an unknown key: %v", err)
			}
		}
	}
}

// preparedState is the state dict of the model after the calibration of
// quantization-aware training.
func preparedState(t *testing.T, float *octet.Model, x *tensor.Tensor) *torch.StateDict {
	t.Helper()
	data, err := octet.LabelledData(t.Context(), float, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer data.Source.Close()
	recipe := train.DefaultQAT()
	recipe.Steps, recipe.BatchSize = 2, 4
	training, err := octet.TrainQuantized(float, data, recipe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := training.Calibrate(t.Context(), octet.FromTensor(x)); err != nil {
		t.Fatal(err)
	}
	sd, err := training.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

// A part of a network is not taken for the whole: the error says what follows and
// how to open the part, which gives features.
func TestPartsOfNetworks(t *testing.T) {
	x := noise(t, 2)
	for name, c := range map[string]struct {
		prefix string
		more   map[string]tensor.Shape
	}{
		"a neck":         {"backbone.", map[string]tensor.Shape{"neck.weight": {64, 104}, "head.weight": {10, 64}}},
		"a decoder":      {"encoder.", map[string]tensor.Shape{"decoder.0.weight": {16, 104, 3, 3}}},
		"a pyramid":      {"backbone.body.", map[string]tensor.Shape{"backbone.fpn.inner.weight": {16, 104, 1, 1}, "rpn.cls.weight": {1, 16, 1, 1}}},
		"two heads":      {"trunk.", map[string]tensor.Shape{"age.weight": {1, 104}, "gender.weight": {2, 104}}},
		"a batch norm":   {"net.", map[string]tensor.Shape{"bnneck.running_mean": {104}, "bnneck.linear.weight": {10, 104}}},
		"two layer head": {"model.encoder.", map[string]tensor.Shape{"model.projector.0.weight": {104, 104}, "model.projector.2.weight": {16, 104}}},
	} {
		file := stateOf(t, open(t)).Select(func(key string) (string, bool) { return c.prefix + key, !strings.HasPrefix(key, "fc.") })
		for k, shape := range c.more {
			file.SetTensor(k, tensor.New(tensor.Float32, shape...))
		}
		path := saved(t, file)
		for _, arch := range []string{"", "fashion_resnet8"} {
			_, err := octet.Open(path, octet.WithArch(arch))
			var nearest *octet.NearestError
			if !errors.As(err, &nearest) || nearest.Arch != "fashion_resnet8" || nearest.Key+"." != c.prefix || nearest.Why == "" {
				t.Errorf("%s: %v", name, err)
				continue
			}
			m, err := octet.Open(path, octet.WithKey(nearest.Key))
			if err != nil {
				t.Errorf("%s: key %s: %v", name, nearest.Key, err)
			} else if n := len(run(t, m, x)); n != 2*104 || m.Classes() != 104 {
				t.Errorf("%s: %d outputs, %d classes", name, n, m.Classes())
			}
		}
	}
}

// stateOf is the state dict of a model.
func stateOf(t testing.TB, m *octet.Model) *torch.StateDict {
	t.Helper()
	sd, err := m.StateDict()
	if err != nil {
		t.Fatal(err)
	}
	return sd
}
