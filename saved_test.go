package octet_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/torch"
)

// Checkpoints as training scripts and PyTorch's utilities save them, made by
// tools/golden/wrapped.py, open and compute what PyTorch computes.
func TestSavedByPyTorch(t *testing.T) {
	const folder = "testdata/wrapped"
	b, err := os.ReadFile(filepath.Join(folder, "logits.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Seed  uint64
		Files map[string]struct {
			Key    string
			Logits []float32
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	x := hashweights.Images(2, 1, 28, golden.Seed)
	for name, want := range golden.Files {
		path := filepath.Join(folder, name+".pth")
		if want.Key != "" { // several could be meant, and the error names them
			if _, err := octet.Open(path); !errors.Is(err, torch.ErrAmbiguous) || !strings.Contains(err.Error(), want.Key) {
				t.Errorf("%s without a key: %v", name, err)
			}
		}
		m, err := octet.Open(path, octet.WithKey(want.Key))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, got := range run(t, m, x) {
			if diff := math.Abs(float64(got - want.Logits[i])); !(diff <= smallBound*(1+math.Abs(float64(want.Logits[i])))) {
				t.Errorf("%s: logit %d is %v, PyTorch's %v", name, i, got, want.Logits[i])
			}
		}
		if said := said(m); strings.HasPrefix(name, "pruned") != strings.Contains(said, "weight_orig times weight_mask") {
			t.Errorf("%s: assumptions\n%s", name, said)
		}
	}
}

// Weights that are computed of other parameters are refused in a line, with what
// to call.
func TestReparametrized(t *testing.T) {
	for name, says := range map[string][]string{
		"weight_norm":                {"fc.weight_g", "torch.nn.utils.remove_weight_norm"},
		"weight_norm_parametrized":   {"conv1.parametrizations.weight.original0", "remove_parametrizations"},
		"spectral_norm":              {"layer1.0.conv1.weight_orig", "torch.nn.utils.remove_spectral_norm"},
		"spectral_norm_parametrized": {"fc.parametrizations.weight", "remove_parametrizations"},
		"orthogonal":                 {"fc.parametrizations.weight", "remove_parametrizations"},
	} {
		for _, arch := range []string{"", "fashion_resnet8"} {
			_, err := octet.Open("testdata/wrapped/"+name+".pth", octet.WithArch(arch))
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, s := range says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%s: %q is not in %v", name, s, err)
				}
			}
		}
	}
}
