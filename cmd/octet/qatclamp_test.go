package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// explodingModel is a mobilenet_v2 that only its ReLU6 keep together, and inputs
// with classes.
func explodingModel(t *testing.T, gain float32) (model, x, y string) {
	t.Helper()
	m, err := octet.New("mobilenet_v2", 4, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range stateOf(t, m).Keys() {
		if w, ok := stateOf(t, m).Tensor(key); ok && strings.HasSuffix(key, ".1.weight") && len(w.Shape()) == 1 {
			for i := range w.Float32s() {
				w.Float32s()[i] = gain
			}
		}
	}
	folder := t.TempDir()
	model, x, y = filepath.Join(folder, "m.pth"), filepath.Join(folder, "x.npy"), filepath.Join(folder, "y.npy")
	if err := m.Save(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	in := tensor.New(tensor.Float32, 8, 3, 32, 32)
	for i := range in.Float32s() {
		in.Float32s()[i] = float32((i*7919+i/1024*31)%1000)/300 - 1.6
	}
	for path, a := range map[string]*tensor.Tensor{x: in, y: tensor.Of([]int64{0, 1, 2, 3, 0, 1, 2, 3}, 8)} {
		if err := npy.WriteFile(path, a); err != nil {
			t.Fatal(err)
		}
	}
	return model, x, y
}

func TestQuantizeTellsWhatReLUDoesToANetworkWithReLU6(t *testing.T) {
	slow(t, "quantizes mobilenet_v2 three times")
	model, x, _ := explodingModel(t, 7)
	out := filepath.Join(t.TempDir(), "o.pth")
	args := []string{"quantize", model, "--calibration", x, "--qconfig", "minmax", "-o", out}
	if r := octetCommand(t, args...).must(t); !strings.Contains(r.out, "warning    ReLU in place of ReLU6") || !strings.Contains(r.out, "--relu6-ranges") {
		t.Errorf("it says:\n%s", r.out)
	}
	var doc struct {
		Report struct {
			ReLU6    *ptq.ClampEffect `json:"relu6_to_relu"`
			Warnings []string         `json:"warnings"`
		} `json:"report"`
	}
	octetCommand(t, append(args, "--json")...).must(t).decode(t, &doc)
	if e := doc.Report.ReLU6; e == nil || e.SQNR == nil || *e.SQNR > -100 || e.LargestReLU < 1e20 || len(doc.Report.Warnings) == 0 {
		t.Errorf("%+v", doc.Report)
	}
	octetCommand(t, append(args, "--relu6-ranges", "--backend", "qnnpack")...).must(t)
	octetCommand(t, "run", out, x).must(t)
}

func TestTrainingOfANetworkThatNeedsReLU6BeginsWithNumbers(t *testing.T) {
	slow(t, "trains mobilenet_v2 five times")
	for _, c := range []struct {
		gain  float32
		flags []string
	}{{2, nil}, {7, nil}, {16, nil}, {2, []string{"--torch-compatible"}}, {7, []string{"--torch-compatible", "--backend", "qnnpack"}}} {
		model, x, y := explodingModel(t, c.gain)
		out := filepath.Join(t.TempDir(), "o.pth")
		var doc qatOutput
		args := append([]string{"qat", model, "--data", x, "--truth", y, "--steps", "2", "--batch-size", "4", "--calibrate", "8", "-o", out}, c.flags...)
		r := octetCommand(t, append(args, "--json")...).must(t)
		r.decode(t, &doc)
		if !strings.Contains(r.errOut, "warning: ReLU in place of ReLU6") || doc.ReLU6 == nil || !doc.ReLU6.Harmful() {
			t.Errorf("gain %v %v says %+v\n%s", c.gain, c.flags, doc.ReLU6, r.errOut)
		}
		if loss := doc.Epochs[0].Loss; loss > 50 {
			t.Errorf("gain %v %v: loss %v", c.gain, c.flags, loss)
		}
	}
	model, x, y := explodingModel(t, 7)
	octetCommand(t, "qat", model, "--data", x, "--truth", y, "--steps", "2", "--calibrate", "0", "-o", filepath.Join(t.TempDir(), "o.pth")).fails(t, exit.Model, "ReLU in place of ReLU6", "--calibrate 0")
}
