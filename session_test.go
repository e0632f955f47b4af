package octet_test

import (
	"bytes"
	"context"
	"image"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// TestRunInto: it gives what Run gives, without allocation, in float and int8.
func TestRunInto(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%23)/11 - 1
	}
	float := open(t)
	int8, _, err := octet.Quantize(t.Context(), float, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*octet.Model{"float": float, "int8": int8} {
		for how, opts := range map[string][]octet.CompileOption{"": nil, "checked": {octet.WithFiniteInputs()}, "reference": {octet.WithReference()}} {
			s, err := m.Compile(opts...)
			if err != nil {
				t.Fatal(err)
			}
			want, err := s.Run(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.Outputs(x.Shape()...)
			if err != nil || len(out) != 1 || !out[0].Shape.Equal(want.Shape()) || out[0].DType != want.DType() {
				t.Fatalf("%s: outputs are %v (%v); Run gives %v", name, out, err, want)
			}
			got := tensor.New(out[0].DType, out[0].Shape...)
			if err := s.RunInto(t.Context(), got, x); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Float32s(), want.Float32s()) {
				t.Errorf("%s: RunInto gives other numbers than Run", name)
			}
			if err := s.RunInto(t.Context(), tensor.New(tensor.Float32, 1, 10), x); err == nil {
				t.Errorf("%s: an output of another shape is no error", name)
			}
			if how == "reference" { // which is there to be compared with
				continue
			}
			ctx := context.Background()
			if n := testing.AllocsPerRun(20, func() {
				if err := s.RunInto(ctx, got, x); err != nil {
					t.Error(err)
				}
			}); n > 0 {
				t.Errorf("%s %s: %v allocations per run", name, how, n)
			}
		}
	}
}

func TestSessionSaysItsInputs(t *testing.T) {
	s, err := open(t).Compile()
	if err != nil {
		t.Fatal(err)
	}
	in := s.Inputs()
	if len(in) != 1 || in[0].DType != tensor.Float32 || !in[0].Shape.Equal(tensor.Shape{-1, 1, -1, -1}) {
		t.Errorf("inputs are %v", in)
	}
	if err := s.Warm(t.Context(), 2, 1, 28, 28); err != nil {
		t.Error(err)
	}
	for _, shape := range [][]int{{1, 3, 28, 28}, {1, 28, 28}, {0, 1, 28, 28}, {1, 1, -1, 28}} {
		if err := s.Warm(t.Context(), shape...); err == nil {
			t.Errorf("%v: no error", shape)
		}
		if _, err := s.Outputs(shape...); err == nil {
			t.Errorf("%v: no error of Outputs", shape)
		}
	}
}

// TestClassify: an image becomes what Run gives of its pixels.
func TestClassify(t *testing.T) {
	m := open(t)
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	got, err := s.Classify(t.Context(), img, 3)
	if err != nil {
		t.Fatal(err)
	}
	preset, _, err := m.Preset()
	if err != nil {
		t.Fatal(err)
	}
	x, err := preset.Apply(vision.FromGray(28, 28, img.Pix))
	if err != nil {
		t.Fatal(err)
	}
	y, err := s.Run(t.Context(), tensor.Of(x.Float32s(), 1, 1, 28, 28))
	if err != nil {
		t.Fatal(err)
	}
	labels, _ := m.Labels()
	if want := octet.TopK(y.Float32s(), 3, labels); !slices.Equal(got, want) || got[0].Label == "" {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := s.Classify(t.Context(), img, 0); err == nil {
		t.Error("no error for 0 classes")
	}
	if _, err := s.Classify(t.Context(), image.NewGray(image.Rect(0, 0, 5, 5)), 1); err == nil || bytes.Contains([]byte(err.Error()), []byte("panic")) {
		t.Errorf("an image of the wrong size: %v", err)
	}
}
