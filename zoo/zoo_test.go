package zoo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// layout is a state dict of torchvision and, where the network is not too large, its
// logits; made by tools/golden/zoo.py.
type layout struct {
	Float     []string `json:"float"`
	Converted []string `json:"converted"`
	SHA256    string   `json:"float_sha256"`
	Logits    *struct {
		Seed    uint64    `json:"seed"` // of internal/hashweights
		Size    int       `json:"size"` // of the image
		Largest float64   `json:"largest"`
		Every   int       `json:"every"` // the first of so many is kept
		Values  []float64 `json:"values"`
	} `json:"logits"`
}

func layouts(t *testing.T) map[string]layout {
	t.Helper()
	b, err := os.ReadFile("testdata/layouts.json")
	if err != nil {
		t.Fatal(err)
	}
	var l map[string]layout
	if err := json.Unmarshal(b, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// describe writes a state dict as the golden data has it.
func describe(sd *torch.StateDict) []string {
	line := func(v torch.Value) string {
		switch v := v.(type) {
		case *torch.Tensor:
			return fmt.Sprintf("%v %v", v.DType(), v.Shape())
		case torch.DType:
			return "torch." + tensor.DType(v).String()
		}
		return "None"
	}
	var lines []string
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if p, ok := v.(*torch.PackedLinear); ok {
			lines = append(lines, strings.Join([]string{k, line(p.Weight), line(p.Bias)}, " "))
			continue
		}
		lines = append(lines, k+" "+line(v))
	}
	return lines
}

func fill(g *graph.Graph) {
	for _, p := range g.Params {
		p.Data = tensor.New(tensor.Float32, p.Type.Shape...)
	}
}

func TestFloatLayoutIsTorchvisions(t *testing.T) {
	for name, want := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			for _, variant := range []Variant{Plain, Quantizable} {
				var shapes Shapes
				if want.Float != nil { // whether there are auxiliary heads
					shapes = statedict.ShapesOf(stateDict(want.Float, false))
				}
				g, err := Build(name, shapes, variant)
				if err != nil {
					t.Fatal(err)
				}
				fill(g)
				sd, err := statedict.ExportStateDict(g)
				if err != nil {
					t.Fatal(err)
				}
				got := describe(sd)
				if want.Float != nil {
					if diff := cmp.Diff(want.Float, got); diff != "" {
						t.Errorf("%v (-torchvision +octet)\n%s", variant, diff)
					}
					continue
				}
				sum := sha256.Sum256([]byte(strings.Join(got, "\n")))
				if hex.EncodeToString(sum[:]) != want.SHA256 {
					t.Errorf("%v: %d keys hash to %x, torchvision's to %s", variant, len(got), sum, want.SHA256)
				}
			}
		})
	}
}

// stateDict makes a state dict from its description: zeros, scales of 1.
func stateDict(lines []string, perChannel bool) *torch.StateDict {
	sd := &torch.StateDict{}
	for _, l := range lines {
		key, rest, _ := strings.Cut(l, " ")
		switch {
		case rest == "None":
			sd.Set(key, torch.None{})
		case rest == "torch.qint8":
			sd.Set(key, torch.DType(tensor.QInt8))
		case strings.Count(rest, "[") == 2:
			w, b, _ := strings.Cut(rest, "] ")
			sd.Set(key, &torch.PackedLinear{Weight: torch.NewTensor(zeros(w+"]", perChannel)), Bias: torch.NewTensor(zeros(b, perChannel))})
		default:
			t := zeros(rest, perChannel)
			if strings.HasSuffix(key, ".scale") {
				t.Float32s()[0] = 1
			}
			sd.SetTensor(key, t)
		}
	}
	return sd
}

func zeros(text string, perChannel bool) *tensor.Tensor {
	name, dims, _ := strings.Cut(text, " ")
	dtype, err := tensor.ParseDType(name)
	if err != nil {
		panic(err)
	}
	var shape []int
	if err := json.Unmarshal([]byte(dims), &shape); err != nil {
		panic(err)
	}
	if !dtype.IsQuantized() {
		return tensor.New(dtype, shape...)
	}
	q := tensor.Affine(1, 0)
	if perChannel {
		q = tensor.PerAxis(slices.Repeat([]float64{1}, shape[0]), make([]int64, shape[0]), 0)
	}
	return tensor.NewQuantized(dtype, q, shape...)
}

func TestConvertedLayoutIsTorchvisions(t *testing.T) {
	for name, want := range layouts(t) {
		if want.Converted == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			perChannel := !strings.HasPrefix(name, "mobilenet")
			sd := stateDict(want.Converted, perChannel)
			if got := Guess(sd.Keys(), statedict.ShapesOf(sd)); len(got) == 0 || got[0] != name {
				t.Errorf("guessed %q", got)
			}
			g, err := Build(name, statedict.ShapesOf(sd), Quantizable)
			if err != nil {
				t.Fatal(err)
			}
			bound, notes, err := statedict.BindQuantized(g, sd, statedict.QuantizedOptions{})
			if err != nil {
				t.Fatal(err)
			}
			numerics := quant.FBGEMM
			if !perChannel {
				numerics = quant.QNNPACK
			}
			if bound.Numerics != numerics || len(notes) != 1 {
				t.Errorf("numerics %v, notes %q", bound.Numerics, notes)
			}
			for _, n := range bound.Nodes {
				if n.Note != "" {
					t.Errorf("node %s: %s", n.Name, n.Note)
				}
				if err := n.CheckSignature(); err != nil {
					t.Error(err)
				}
			}
			out, err := statedict.ExportStateDict(bound)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Converted, describe(out)); diff != "" {
				t.Errorf("(-torchvision +octet)\n%s", diff)
			}
		})
	}
}

func TestSizesComeFromTheFile(t *testing.T) {
	for _, tc := range []struct {
		arch   string
		shapes map[string]tensor.Shape
	}{
		{"resnet18", map[string]tensor.Shape{"fc.weight": {7, 512}, "conv1.weight": {64, 1, 7, 7}}},
		{"resnet50", map[string]tensor.Shape{"layer1.0.conv1.weight": {96, 64, 1, 1}, "layer2.0.conv3.weight": {320, 128, 1, 1}}},
		{"mobilenet_v2", map[string]tensor.Shape{"features.3.conv.0.0.weight": {80, 24, 1, 1}, "features.18.0.weight": {640, 320, 1, 1}}},
		{"fashion_resnet8", map[string]tensor.Shape{"layer1.0.conv2.weight": {16, 12, 3, 3}}},
	} {
		g, err := Build(tc.arch, func(k string) (tensor.Shape, bool) { s, ok := tc.shapes[k]; return s, ok }, Quantizable)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range tc.shapes {
			if p, ok := g.Param(k); !ok || !p.Type.Shape.Equal(want) {
				t.Errorf("%s: %s is %v, the file has %v", tc.arch, k, p.Type.Shape, want)
			}
		}
		types, err := g.Infer(tensor.Shape{2, inputChannels(g), 64, 48})
		if err != nil {
			t.Fatalf("%s: %v", tc.arch, err)
		}
		fc := g.Params[len(g.Params)-1].Type.Shape[0]
		if got := types[g.Outputs[0]].Shape; !got.Equal(tensor.Shape{2, fc}) {
			t.Errorf("%s gives %v", tc.arch, got)
		}
	}
}

func inputChannels(g *graph.Graph) int { return g.Params[0].Type.Shape[1] }

func TestGuessTellsTheFamilyApart(t *testing.T) {
	for _, a := range Architectures() {
		g, err := Build(a.Name, nil, Plain)
		if err != nil {
			t.Fatal(err)
		}
		fill(g)
		sd, err := statedict.ExportStateDict(g)
		if err != nil {
			t.Fatal(err)
		}
		// No file tells whether its model transforms the input.
		name, ambiguous := strings.CutSuffix(a.Name, transformSuffix)
		want := []string{name}
		if _, err := Lookup(name + transformSuffix); ambiguous || err == nil {
			want = append(want, name+transformSuffix)
		}
		if got := Guess(sd.Keys(), statedict.ShapesOf(sd)); !slices.Equal(got, want) {
			t.Errorf("%s is guessed as %q", a.Name, got)
		}
	}
	if got := Guess([]string{"a.weight"}, func(string) (tensor.Shape, bool) { return tensor.Shape{1, 2}, true }); got != nil {
		t.Errorf("an unknown model is guessed as %q", got)
	}
}

func TestLookupListsTheKnown(t *testing.T) {
	if _, err := Build("resnet19", nil, Plain); err == nil || !strings.Contains(err.Error(), "resnet18, resnet34") {
		t.Errorf("error %v", err)
	}
}

func TestFreshModelsHaveTheirBiases(t *testing.T) {
	for _, arch := range []string{"resnet18", "googlenet", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2_x0_5"} {
		standard, err := Build(arch, nil, Plain)
		if err != nil {
			t.Fatal(err)
		}
		g, err := New(arch, 7, 1, 1, Plain)
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Params) != len(standard.Params) {
			t.Errorf("%s: %d parameters for 7 classes, %d for torchvision's", arch, len(g.Params), len(standard.Params))
		}
	}
}

// The order is that of the table, not that of file names, and nothing registers itself.
func TestArchitecturesAreOneTable(t *testing.T) {
	text, err := os.ReadFile("zoo.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "var architectures = slices.Concat(\n")
	table, _, closed := strings.Cut(table, "\n)\n")
	if !found || !closed {
		t.Fatal("zoo.go has no table of architectures")
	}
	sets := map[string][]Arch{"fashionNets": fashionNets, "resNets()": resNets(), "shuffleNetsV2()": shuffleNetsV2(), "mobileNetsV2": mobileNetsV2}
	before := -1
	for _, line := range strings.Split(table, "\n") {
		rows, known := sets[strings.TrimSuffix(strings.TrimSpace(line), ",")]
		if !known {
			continue
		}
		at := slices.IndexFunc(architectures, func(a Arch) bool { return a.Name == rows[0].Name })
		if at <= before {
			t.Errorf("%s is listed at %d, not behind those above it in the table", rows[0].Name, at)
		}
		before = at
		delete(sets, strings.TrimSuffix(strings.TrimSpace(line), ","))
	}
	if len(sets) > 0 {
		t.Errorf("the table lacks %v", sets)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text, err := os.ReadFile(f.Name()); err == nil && strings.HasSuffix(f.Name(), ".go") && strings.Contains(string(text), "\nfunc init() {") {
			t.Errorf("%s has an init: its rows belong in the table of zoo.go", f.Name())
		}
	}
	seen := map[string]bool{}
	for _, a := range architectures {
		if seen[a.Name] {
			t.Errorf("%s stands twice in the table", a.Name)
		}
		seen[a.Name] = true
	}
}
