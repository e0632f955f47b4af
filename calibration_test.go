package octet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// read is what becomes of a calibration in a file.
func read(t *testing.T, s *octet.Calibration) *octet.Calibration {
	t.Helper()
	var file bytes.Buffer
	if err := s.Write(&file); err != nil {
		t.Fatal(err)
	}
	out, err := octet.ReadCalibration(&file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// edited is a copy of x after an edit of its elements.
func edited(x *tensor.Tensor, edit func(data []float32)) *tensor.Tensor {
	c := x.Clone()
	edit(c.Float32s())
	return c
}

// rows are some samples of x, in that order.
func rows(x *tensor.Tensor, index ...int) *tensor.Tensor {
	n := x.Numel() / x.Dim(0)
	out := tensor.New(tensor.Float32, append(tensor.Shape{len(index)}, x.Shape()[1:]...)...)
	for i, k := range index {
		copy(out.Float32s()[i*n:(i+1)*n], x.Float32s()[k*n:(k+1)*n])
	}
	return out
}

func TestStatisticsBelongToTheirTensors(t *testing.T) {
	x := noise(t, 6)
	base := []octet.QuantizeOption{octet.WithBatchSize(2), octet.WithQConfig("torchvision")}
	int8, stats, _, err := inStages(t.Context(), open(t), octet.FromTensor(x), octet.WithQConfig("torchvision"), base...)
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, int8, x)
	for says, other := range map[string]*tensor.Tensor{
		"1 sample has other content: sample 0":                                  edited(x, func(d []float32) { d[0] += 1e-3 }),
		"1 sample has other content: sample 5":                                  edited(x, func(d []float32) { d[len(d)-1] = -d[len(d)-1] }),
		"6 samples have other content: sample 0, sample 1, sample 2 and 3 more": noise(t, 6),
		"another order, from sample 2 on":                                       rows(x, 0, 1, 4, 3, 2, 5),
		"1 sample is missing: sample 5":                                         rows(x, 0, 1, 2, 3, 4),
		"1 sample is new: sample 6":                                             rows(x, 0, 1, 2, 3, 4, 5, 0),
	} {
		s := read(t, stats)
		_, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(other), append(base, octet.WithResume(s))...)
		if !errors.Is(err, octet.ErrStatistics) || !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
		if s.Data.Differences(stats.Data) != nil {
			t.Errorf("%s: refused statistics were changed", says)
		}
	}
	for name, data := range map[string]octet.Batches{
		"in a copy":  octet.FromTensor(x.Clone()),
		"one by one": oneByOne(x),
		"no data":    nil,
	} {
		again, _, err := octet.Quantize(t.Context(), open(t), data, append(base, octet.WithResume(read(t, stats)))...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !slices.Equal(run(t, again, x), want) {
			t.Errorf("%s: another model", name)
		}
	}
	if _, _, err := octet.Quantize(t.Context(), open(t), nil, base...); !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), "there is no calibration data") {
		t.Errorf("neither data nor statistics: %v", err)
	}
	broken := errors.New("the disk is gone")
	_, _, err = octet.Quantize(t.Context(), open(t), func(yield func(*tensor.Tensor, error) bool) { yield(nil, broken) }, append(base, octet.WithResume(stats))...)
	if !errors.Is(err, broken) {
		t.Errorf("data that cannot be read again: %v", err)
	}
}

func oneByOne(x *tensor.Tensor) octet.Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		for i := range x.Dim(0) {
			if !yield(rows(x, i), nil) {
				return
			}
		}
	}
}

// A calibration is continued behind the samples that it has seen, and nothing is
// computed before these have proved to be the same.
func TestContinuedCalibrationBelongsToItsTensors(t *testing.T) {
	x := noise(t, 20)
	base := []octet.QuantizeOption{octet.WithBatchSize(2), octet.WithThreads(1), octet.WithQConfig("torchvision")}
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(done int) {
		if done >= 6 {
			cancel()
		}
	}
	stats, err := octet.Calibrate(ctx, open(t), octet.FromTensor(x), append(base, octet.WithProgress(stop))...)
	if stats == nil {
		t.Fatal(err)
	}
	seen := stats.Images
	if !errors.Is(err, context.Canceled) || seen < 6 || seen >= 19 || len(stats.Data.Samples) != seen {
		t.Fatalf("%v with %d samples, %d identified", err, seen, len(stats.Data.Samples))
	}
	last := fmt.Sprintf("sample %d", seen-1)
	n := x.Numel() / 20
	for says, other := range map[string]*tensor.Tensor{
		"other content: sample 0": edited(x, func(d []float32) { d[3] = 0.125 }),
		"other content: " + last:  edited(x, func(d []float32) { d[(seen-1)*n] += 0.5 }),
		"another order":           rows(x, 1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19),
		"other content":           noise(t, 20),
		"missing: sample":         rows(x, 0, 1, 2),
	} {
		s := read(t, stats)
		left, err := octet.Calibrate(t.Context(), open(t), octet.FromTensor(other), append(base, octet.WithResume(s), octet.WithProgress(func(done int) {
			t.Errorf("%s: %d samples were computed", says, done)
		}))...)
		if !errors.Is(err, octet.ErrStatistics) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
		for _, c := range []*octet.Calibration{s, left} {
			if c.Images != seen || c.Data.Differences(stats.Data) != nil || c.Complete {
				t.Errorf("%s: refused statistics were changed", says)
			}
		}
	}
	// Broken off while what was seen is read again, they stay what they were.
	again, cut := context.WithCancel(t.Context())
	s, err := octet.Calibrate(again, open(t), func(yield func(*tensor.Tensor, error) bool) {
		yield(rows(x, 0, 1), nil)
		cut()
		yield(rows(x, 2, 3), nil)
	}, append(base, octet.WithResume(read(t, stats)))...)
	if err == nil || s == nil || s.Data.Differences(stats.Data) != nil {
		t.Errorf("broken off: %v, %d samples identified", err, len(s.Data.Samples))
	}
	// What lies behind them may be other data: that is what is calibrated on.
	other := edited(x, func(d []float32) { clear(d[(seen+1)*n:]) })
	continued, s, _, err := inStages(t.Context(), open(t), octet.FromTensor(other), octet.WithQConfig("torchvision"), append(base, octet.WithResume(s))...)
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(other), base...)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(run(t, continued, x), run(t, whole, x)) {
		t.Error("the continued calibration gives another model")
	}
	if _, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), append(base, octet.WithResume(s))...); !errors.Is(err, octet.ErrStatistics) {
		t.Errorf("completed on other data: %v", err)
	}
}

// Images are known by their files where the caller says so, and by what the model is
// shown otherwise; either way other preprocessing is refused.
func TestStatisticsBelongToTheirImages(t *testing.T) {
	folder := t.TempDir()
	for i := range 5 {
		pgm := append([]byte("P5 28 28 255\n"), bytes.Repeat([]byte{uint8(40 * i), 7, uint8(i)}, 28*28/3+1)[:28*28]...)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i, ".pgm")), pgm, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	source, err := dataset.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	usual, _ := octet.Preset("fashion-mnist")
	turned := usual
	turned.Mean = []float64{0.5}
	for _, files := range []bool{false, true} {
		quantize := func(p vision.Preset, s *octet.Calibration) (*octet.Calibration, error) {
			m := open(t, octet.WithPreset(p))
			opts := []octet.QuantizeOption{octet.WithQConfig("torchvision"), octet.WithResume(s)}
			if files {
				id, err := dataset.Identify(t.Context(), source, p, dataset.IdentifyOptions{})
				if err != nil {
					t.Fatal(err)
				}
				opts = append(opts, octet.WithIdentity(id))
			}
			_, c, _, err := inStages(t.Context(), m, octet.Inputs(t.Context(), m, folder), octet.WithQConfig("torchvision"), opts...)
			return c, err
		}
		s, err := quantize(usual, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := quantize(usual, read(t, s)); err != nil {
			t.Errorf("files %v: the same data: %v", files, err)
		}
		says := "5 samples have other content"
		if files {
			says = "mean was [0.286] and is [0.5]"
		}
		if _, err := quantize(turned, read(t, s)); !errors.Is(err, octet.ErrStatistics) || !strings.Contains(err.Error(), says) {
			t.Errorf("files %v: error %v does not say %q", files, err, says)
		}
		path := filepath.Join(folder, "3.pgm")
		before, _ := os.ReadFile(path)
		after := slices.Clone(before)
		after[99]++
		os.WriteFile(path, after, 0o644)
		says = "1 sample has other content: sample 3"
		if files {
			says = "1 sample has other content: 3.pgm"
		}
		if _, err := quantize(usual, read(t, s)); !errors.Is(err, octet.ErrStatistics) || !strings.Contains(err.Error(), says) {
			t.Errorf("files %v: error %v does not say %q", files, err, says)
		}
		os.WriteFile(path, before, 0o644)
	}
}

// One calibration serves every recipe that observes alike, with the integers of a
// calibration of its own.
func TestOneCalibrationServesManyRecipes(t *testing.T) {
	x := noise(t, 6)
	m := open(t)
	usual := []octet.QuantizeOption{octet.WithBatchSize(2)}
	c, err := octet.Calibrate(t.Context(), m, octet.FromTensor(x), usual...)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		recipe octet.RecipeOption
		resume *octet.Calibration
	}{
		"as calibrated": {octet.Recipe(), nil},
		"qnnpack":       {octet.WithBackend(octet.QNNPACK), nil},
		"per tensor":    {octet.Recipe(octet.WithPerTensorWeights(), octet.WithSource("noise")), nil},
		"read again":    {octet.WithBackend(octet.QNNPACK), read(t, c)},
	} {
		opts := append(slices.Clone(usual), r.recipe, octet.WithResume(r.resume))
		shared, _, err := octet.Convert(m, c, r.recipe)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		own, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(x), opts...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(run(t, shared, x), run(t, own, x)) {
			t.Errorf("%s: another model", name)
		}
	}
	for says, c := range map[string]*octet.Calibration{"there is no calibration": nil, "Calibrate returns one": {Complete: true}} {
		if _, _, err := octet.Convert(m, c); !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
	if _, _, err := octet.Convert(m, c, octet.WithQConfig("minmax")); !errors.Is(err, octet.ErrStatistics) {
		t.Errorf("other observers: %v", err)
	}
}
