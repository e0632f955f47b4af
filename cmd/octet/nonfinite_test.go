package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

func TestNonFiniteInputsAreCountedAndStrictStops(t *testing.T) {
	folder, int8, _ := quantized(t)
	float := filepath.Join(folder, demoModel)
	truth := filepath.Join(folder, "y.npy")
	if err := npy.WriteFile(truth, tensor.Of(make([]int64, 6), 6)); err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 6, 1, 28, 28)
	for at, v := range map[int]float64{784 + 3: math.NaN(), 784 + 4: math.NaN(), 4*784 + 9: math.Inf(1), 5*784 - 1: math.Inf(-1)} {
		x.Float32s()[at] = float32(v)
	}
	bad, good := writeArray(t, x), grey(t, 6)
	for _, model := range []string{int8, float} {
		for _, args := range [][]string{{"run", model, bad}, {"eval", model, bad, "--truth", truth, "--batch-size", "4"}, {"run", model, bad, "--output", filepath.Join(folder, "l.npy")}} {
			var doc struct {
				NonFinite *inputs.NonFinite `json:"non_finite"`
			}
			r := octetCommand(t, append(args, "--json")...).must(t)
			r.decode(t, &doc)
			n := doc.NonFinite
			if n == nil || n.Inputs != 2 || n.NaN != 2 || n.Inf != 2 {
				t.Fatalf("%v: %+v", args, n)
			}
			if len(n.Names) != 2 || !strings.Contains(n.Names[0], "[1]") {
				t.Errorf("%v: the inputs are called %q", args, n.Names)
			}
			if !strings.Contains(r.errOut, "warning: 2 inputs hold NaN or infinite values (2 NaN and 2 infinite values)") {
				t.Errorf("%v warns:\n%s", args, r.errOut)
			}
			octetCommand(t, append(args, "--strict")...).fails(t, exit.Strict, "--strict", "[1]", "NaN or infinite")
		}
		r := octetCommand(t, "run", model, good, "--json", "--strict").must(t)
		if strings.Contains(r.out+r.errOut, "non_finite") || strings.Contains(r.errOut, "warning") {
			t.Errorf("finite inputs: %s", r.errOut)
		}
	}
	octetCommand(t, "quantize", float, "--calibration", bad, "-o", filepath.Join(folder, "o.pth")).fails(t, exit.Data, "[1]", "NaN or infinite")
}
