package octet_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// form is a network whose classifier, stem or names differ from torchvision's,
// with PyTorch's logits; made by tools/golden/forms.py.
type form struct {
	Name     string      `json:"name"`
	Arch     string      `json:"arch"`
	Named    bool        `json:"named"` // the keys leave open which it is
	Channels int         `json:"channels"`
	Keys     []string    `json:"keys"`
	Logits   [][]float32 `json:"logits"` // the first of each image
}

type formsFile struct {
	Seed  uint64 `json:"seed"`
	Size  int    `json:"size"`
	Forms []form `json:"forms"`
}

// logitsBound is how far the logits of a whole network may lie from PyTorch's, as a share
// of the largest: its sums have another order, and batch norms are folded, which a hundred
// layers make a few 1e-6 of. A layer that is wrong is off by more than a hundredth.
const logitsBound = 1e-4

func readForms(t *testing.T) formsFile {
	t.Helper()
	b, err := os.ReadFile("testdata/forms.json")
	if err != nil {
		t.Fatal(err)
	}
	var f formsFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// state makes the state dict of a form.
func (f form) state(t *testing.T, seed uint64) *torch.StateDict {
	t.Helper()
	sd := &torch.StateDict{}
	for _, line := range f.Keys {
		part := strings.SplitN(line, " ", 3)
		var shape tensor.Shape
		if err := json.Unmarshal([]byte(part[2]), &shape); err != nil {
			t.Fatal(err)
		}
		sd.SetTensor(part[0], hashweights.Model{Seed: seed}.Parameter(part[0], part[1] == "norm", shape...))
	}
	return sd
}

// Classifiers, stems and names as people change them open without a word about
// the architecture, say what was assumed, and compute what PyTorch computes.
func TestForms(t *testing.T) {
	slow(t, "opens and runs a network of full size for each form")
	file := readForms(t)
	for _, f := range file.Forms {
		t.Run(f.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.pth")
			if err := torch.Save(path, f.state(t, file.Seed)); err != nil {
				t.Fatal(err)
			}
			var opts []octet.OpenOption
			if f.Named {
				opts = append(opts, octet.WithArch(f.Arch))
			}
			m, err := octet.Open(path, opts...)
			if err != nil {
				t.Fatal(err)
			}
			if m.Arch() != f.Arch {
				t.Fatalf("it is taken for %s", m.Arch())
			}
			canonical := strings.Contains(f.Name, "images") || strings.Contains(f.Name, "channels") || f.Arch == "resnet18_cifar_maxpool"
			if a := m.Assumptions(); !canonical && len(a) < 2-len(opts) {
				t.Errorf("assumptions: %q", a)
			}
			got := run(t, m, hashweights.Images(len(f.Logits), f.Channels, file.Size, file.Seed))
			classes := len(got) / len(f.Logits)
			if m.Classes() != classes {
				t.Errorf("%d classes, %d outputs", m.Classes(), classes)
			}
			var size, worst float64
			for i, want := range f.Logits {
				for j, v := range want {
					size = max(size, math.Abs(float64(v)))
					worst = max(worst, math.Abs(float64(v-got[i*classes+j])))
				}
			}
			if !(worst <= logitsBound*size) {
				t.Errorf("logits up to %v differ by up to %v", size, worst)
			}
		})
	}
}

// What is quantized of such a file is the standard layout, which opens by itself.
func TestFormsQuantize(t *testing.T) {
	slow(t, "quantizes six networks of full size")
	file := readForms(t)
	for _, f := range file.Forms {
		if !slices.Contains([]string{"dropout before fc", "fc without bias", "fc is Identity", "CIFAR stem", "shortcut and linear", "mobilenet_v2, one layer"}, f.Name) {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.pth")
			if err := torch.Save(path, f.state(t, file.Seed)); err != nil {
				t.Fatal(err)
			}
			m, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			x := hashweights.Images(2, f.Channels, file.Size, file.Seed)
			int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(x))
			if err != nil {
				t.Fatal(err)
			}
			saved := filepath.Join(t.TempDir(), "int8.pth")
			if err := int8.Save(t.Context(), saved); err != nil {
				t.Fatal(err)
			}
			again, err := octet.Open(saved)
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Assumptions()) > 0 || again.Arch() != f.Arch {
				t.Errorf("%s, assumptions %q", again.Arch(), again.Assumptions())
			}
			if !slices.Equal(run(t, int8, x), run(t, again, x)) {
				t.Error("the saved model computes something else")
			}
		})
	}
}
