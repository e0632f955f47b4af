package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/tensor"
)

func TestTensorShowsTheSteps(t *testing.T) {
	var doc stepsDocument
	octetCommand(t, "tensor", "-1.5", "0", "0.25", "3", "--json").must(t).decode(t, &doc)
	// (3 - -1.5)/255 in float32; 0 - rne(-1.5/scale)
	if doc.Scales[0] != float64(float32(4.5)/255) || doc.ZeroPoints[0] != 85 {
		t.Errorf("scale %v, zero point %v", doc.Scales, doc.ZeroPoints)
	}
	for i, want := range []int32{0, 85, 99, 255} {
		if doc.Codes[i] != want {
			t.Errorf("code %d is %d, want %d", i, doc.Codes[i], want)
		}
	}
	const halfDigit, decibels = 0.00005, 0.01 // of the figures below, computed by hand
	if math.Abs(doc.Error.Max-0.00295) > halfDigit || doc.Error.SQNR == nil || math.Abs(*doc.Error.SQNR-61.17) > decibels {
		t.Errorf("error: %+v", doc.Error)
	}
}

func TestTensorSchemes(t *testing.T) {
	for _, c := range []struct {
		args   string
		scales int
		zero   int64
	}{
		{"--dtype qint8 --symmetric", 1, 0},
		{"--dtype quint8 --symmetric", 1, 128},
		{"--dtype qint8 --per-channel --shape 2,3", 2, -43},
		{"--dtype qint8 --per-channel --symmetric --shape 2,3 --axis -1", 3, 0},
		{"--dtype qint32 --symmetric", 1, 0},
		{"--quant-min 0 --quant-max 127", 1, 42},
		{"--scale 0.5 --zero-point 7", 1, 7},
		{"--qscheme per_channel_symmetric --dtype qint8 --shape 3,2", 3, 0},
	} {
		args := append([]string{"tensor", "-1,0,2,-1,1,2", "--json"}, strings.Fields(c.args)...)
		var doc stepsDocument
		octetCommand(t, args...).must(t).decode(t, &doc)
		if len(doc.Scales) != c.scales || doc.ZeroPoints[0] != c.zero {
			t.Errorf("%s: scales %v, zero points %v", c.args, doc.Scales, doc.ZeroPoints)
		}
	}
}

func TestTensorFromFiles(t *testing.T) {
	folder := t.TempDir()
	x := tensor.Of([]float32{-1, 0, 1, 3}, 2, 2)
	array, named := filepath.Join(folder, "x.npy"), filepath.Join(folder, "x.safetensors")
	if err := npy.WriteFile(array, x); err != nil {
		t.Fatal(err)
	}
	var f safetensors.File
	f.Set("a", x)
	f.Set("b", tensor.Of([]int64{1, 2}, 2))
	if err := safetensors.Save(named, &f); err != nil {
		t.Fatal(err)
	}
	_, model, _, _ := demoFolder(t)
	for _, args := range [][]string{{array}, {named, "--tensor", "a"}, {named, "--tensor", "b"}, {model, "--tensor", "fc.weight", "--per-channel", "--dtype", "qint8"}} {
		octetCommand(t, append([]string{"tensor"}, args...)...).must(t)
	}
	octetCommand(t, "tensor", named).fails(t, exit.Usage, "--tensor: ")
	octetCommand(t, "tensor", named, "--tensor", "c").fails(t, exit.Data, `"c"`)
}

func TestTensorOperations(t *testing.T) {
	for _, c := range []struct{ op, args string }{
		{"add", "--with 4,-2,8"}, {"add-relu", "--with 4,-2,8"}, {"mul", "--with 4,-2,8"}, {"cat", "--with 5,6"}, {"relu", ""}, {"relu6", ""},
		{"linear", "--shape 1,3 --with 1,2,3,-4,5,6 --with-shape 2,3"},
		{"conv2d", "--shape 1,3,1,1 --with 1,2,3,-4,5,6 --with-shape 2,3,1,1"},
		{"matmul", "--shape 1,3 --with 1,2,3,4,5,6 --with-shape 3,2"},
	} {
		for _, backend := range []string{"fbgemm", "qnnpack"} {
			var doc struct {
				Result struct {
					Real, Dequantized []float32
					Scale             float64
				}
			}
			args := append([]string{"tensor", "-1", "2", "3", "--op", c.op, "--backend", backend, "--json"}, strings.Fields(c.args)...)
			octetCommand(t, args...).must(t).decode(t, &doc)
			for i, want := range doc.Result.Real {
				if d := math.Abs(float64(want - doc.Result.Dequantized[i])); d > 4*doc.Result.Scale+0.15 {
					t.Errorf("%s, %s: element %d is %v, want about %v", c.op, backend, i, doc.Result.Dequantized[i], want)
				}
			}
		}
	}
	for op, want := range map[string]string{"max-pool2d": "4", "avg-pool2d": "2.5"} {
		out := octetCommand(t, "tensor", "1", "2", "3", "4", "--shape", "1,1,2,2", "--op", op).must(t).out
		if !strings.Contains(out, "0,0,0,0") || !strings.Contains(out, want) {
			t.Errorf("%s of 1..4 should be %s:\n%s", op, want, out)
		}
	}
	octetCommand(t, "tensor", "1", "--op", "div").fails(t, exit.Usage, "div", "matmul")
	octetCommand(t, "tensor", "1", "--op", "add").fails(t, exit.Usage, "--with")
}
