package octet_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// bare saves a fresh model as PyTorch would, without octet's record.
func bare(t *testing.T, arch string) string {
	t.Helper()
	m, err := octet.New(strings.TrimSuffix(arch, "+transform_input"), 5, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/bare.pth"
	if err := torch.Save(path, stateOf(t, m)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheInputTransformIsExplained(t *testing.T) {
	slow(t, "opens googlenet and inception_v3 several times")
	for _, arch := range []string{"googlenet", "inception_v3"} {
		file := bare(t, arch)
		_, err := octet.Open(file)
		if err == nil {
			t.Fatalf("%s: opened without saying which", arch)
		}
		for _, want := range []string{arch + " and " + arch + "+transform_input", "weights=...", "trained from scratch"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", arch, want, err)
			}
		}
		m, err := octet.Open(file, octet.WithArch(arch))
		if err != nil {
			t.Fatal(err)
		}
		if said := said(m); !m.TransformUnsaid() || !strings.Contains(said, "without a transform of its input") || !strings.Contains(said, arch+"+transform_input is for") {
			t.Errorf("%s: %q", arch, said)
		}
		if m, err = octet.Open(file, octet.WithArch(arch+"+transform_input")); err != nil || len(m.Assumptions()) > 0 {
			t.Errorf("%s+transform_input: %v, %q", arch, err, m.Assumptions())
		}
		path := t.TempDir() + "/own.pth"
		if err := m.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if m, err = octet.Open(path); err != nil || m.TransformUnsaid() || m.Unsaid() != "" {
			t.Errorf("octet's own file says it: %v", err)
		}
	}
}

func TestBothInputTransformsAreTried(t *testing.T) {
	slow(t, "runs and quantizes googlenet")
	file := bare(t, "googlenet")
	plain, err := octet.Open(file, octet.WithArch("googlenet"))
	if err != nil {
		t.Fatal(err)
	}
	transformed, err := octet.Open(file, octet.WithArch("googlenet+transform_input"))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 6, 3, 64, 64)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32((i*7919+i/4096*131)%1000)/400 - 1
	}
	answers := func(m *octet.Model) (classes []int, confidence float64) {
		y := run(t, m, x)
		for row := range slices.Chunk(y, 5) {
			best := octet.TopK(row, 1, nil)[0]
			classes, confidence = append(classes, best.Class), confidence+100*best.Probability/6
		}
		return classes, confidence
	}
	for _, m := range []*octet.Model{plain, transformed} {
		other := transformed
		if m == transformed {
			other = plain
		}
		labels, otherConfidence := answers(other)
		own, confidence := answers(m)
		trial, err := m.TryTransform(t.Context(), octet.FromTensor(x), labels)
		if err != nil {
			t.Fatal(err)
		}
		const oneImage = 1e-3 // means of shares of six images: one that is counted for the wrong network moves them by more
		near := func(a, b float64) bool { return math.Abs(a-b) < oneImage }
		if trial.Inputs != 6 || trial.Other.Right != 6 || !near(trial.Other.Confidence, otherConfidence) || !near(trial.Tried.Confidence, confidence) || trial.Tried.Arch != m.Arch() {
			t.Errorf("%s: %+v", m.Arch(), trial)
		}
		if !slices.Equal(own, labels) && trial.Likely() != other.Arch() {
			t.Errorf("%s: labels are those of %s, likely is %s", m.Arch(), other.Arch(), trial.Likely())
		}
		trial, err = m.TryTransform(t.Context(), octet.FromTensor(x), nil)
		if err != nil || (trial.Likely() == m.Arch()) != (confidence >= otherConfidence) || strings.Contains(trial.String(), "right on") {
			t.Errorf("%s without labels: %v, %v", m.Arch(), trial, err)
		}
	}
	int8, _, err := octet.Quantize(t.Context(), plain, octet.FromTensor(x), octet.WithQConfig("minmax"))
	if err != nil {
		t.Fatal(err)
	}
	if trial, err := int8.TryTransform(t.Context(), octet.FromTensor(x), nil); err != nil || trial.Inputs != 6 || trial.Other.Arch != "googlenet+transform_input" {
		t.Errorf("int8: %v, %v", trial, err)
	}
	if trial, err := open(t).TryTransform(t.Context(), octet.FromTensor(noise(t, 1)), nil); trial != nil || err != nil {
		t.Errorf("a model without twin: %v, %v", trial, err)
	}
}

func TestWhatBareFilesCannotSayIsSaid(t *testing.T) {
	slow(t, "opens five networks of full size")
	for _, arch := range []string{"resnet18", "mobilenet_v2", "shufflenet_v2_x0_5", "mobilenet_v3_large", "resnet50"} {
		m, err := octet.Open(bare(t, arch))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"dilation", "eps", "poolings", arch} {
			if !strings.Contains(m.Unsaid(), want) {
				t.Errorf("%s: %q does not say %q", arch, m.Unsaid(), want)
			}
		}
	}
	if m, _ := octet.New("resnet18", 2, 3, 1); m.Unsaid() != "" {
		t.Error("a fresh model came from no file")
	}
}
