package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// tokenModel takes ids of 16 words and a mask.
const tokenModel = "../../examples/embed/testdata/encoder.onnx"

// tokens are the inputs of tokenModel, for a flag: so many lines of seven words.
func tokens(t *testing.T, flag string, lines int) []string {
	t.Helper()
	r, folder := testseed.Rand(t), t.TempDir()
	ids, mask := tensor.New(tensor.Int64, lines, 7), tensor.New(tensor.Int64, lines, 7)
	for i := range ids.Int64s() {
		ids.Int64s()[i], mask.Int64s()[i] = r.Int64N(16), 1
	}
	var args []string
	for name, x := range map[string]*tensor.Tensor{"input_ids": ids, "attention_mask": mask} {
		path := filepath.Join(folder, name+".npy")
		if err := npy.WriteFile(path, x); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+flag, name+"="+path)
	}
	return args
}

// Models that take tokens are compared on drawn ones, whose sizes are said.
func TestCompareOnDrawnTokens(t *testing.T) {
	c, r := compared(t, tokenModel, "--dynamic", "--limit", "5")
	if len(c.Variants) != 2 {
		t.Fatalf("variants %q", variantNames(c))
	}
	v := c.Variants[1]
	holds(t, r.errOut, map[string]bool{
		"vectors": c.Vectors, "random": c.Inputs.Kind == report.Random, "5 inputs": c.Inputs.Count == 5 && v.Outputs.Inputs == 5, "5 for layers": c.Inputs.Layers == 5,
		"sizes are said": strings.Contains(r.errOut, "input_ids [1, 32]"), "a dynamic variant": v.Dynamic && v.Made && v.Name == "dynamic" && v.Backend == "onnx",
		"close": v.Outputs.MinCosine > 0.99 && v.Outputs.Cosine >= v.Outputs.MinCosine && v.Outputs.SQNR > 20, "timed": v.Latency.Runs > 0, "small": v.SizeRatio < 0.8,
		"layers": len(v.Layers) > 5,
	})
	if a := c.Advice; a == nil || !strings.Contains(a.Commands[0], "--dynamic") || strings.Contains(a.Commands[0], "--calibration") {
		t.Errorf("advice %+v", a)
	}
	fixed, r := compared(t, tokenModel, "--dynamic", "--limit", "2", "--shape", "tokens=9", "--shape", "batch=1")
	if !strings.Contains(r.errOut, "input_ids [1, 9]") || fixed.Inputs.Count != 2 {
		t.Errorf("other sizes:\n%s", r.errOut)
	}
}

// Arrays by the names of inputs are what files, and static and dynamic variants, are compared on.
func TestCompareOnNamedInputs(t *testing.T) {
	int8 := filepath.Join(t.TempDir(), "int8.onnx")
	octetCommand(t, "quantize", tokenModel, "--dynamic", "--output", int8).must(t)
	c, _ := compared(t, append(tokens(t, "input", 6), tokenModel, int8, "--layer-inputs", "2")...)
	if c.Inputs.Kind != report.Unlabelled || c.Inputs.Count != 6 || c.Inputs.Layers != 2 {
		t.Errorf("inputs %+v", c.Inputs)
	}
	if v := c.Variants[1]; !v.Dynamic || v.Made || v.Outputs.MinCosine < 0.99 {
		t.Errorf("a dynamic file: %+v", v)
	}
	keep, html := filepath.Join(t.TempDir(), "variants"), filepath.Join(t.TempDir(), "report.html")
	args := append(tokens(t, "calibration", 6), tokenModel, "--dynamic", "--backend", "fbgemm,qnnpack", "--qconfig", "default", "--per-channel", "--keep", keep, "--html", html)
	c, _ = compared(t, args...)
	want := "encoder.onnx; dynamic fbgemm; dynamic qnnpack; fbgemm per-channel; qnnpack per-channel"
	if names := strings.Join(variantNames(c), "; "); !strings.HasPrefix(names, want) {
		t.Errorf("variants %s", names)
	}
	if c.Inputs.Kind != report.Calibrating || c.Calibration == nil || c.Calibration.Samples != 6 {
		t.Errorf("%+v, %+v", c.Inputs, c.Calibration)
	}
	for _, v := range c.Variants[1:] {
		if v.Outputs.MinCosine < 0.95 || v.Outputs.Inputs != 6 || !exists(v.File) || filepath.Ext(v.File) != ".onnx" {
			t.Errorf("%s: %+v, %s", v.Name, v.Outputs, v.File)
		}
	}
	if !exists(html) {
		t.Error("there is no page")
	}
}

func TestCompareNamedUsage(t *testing.T) {
	given := tokens(t, "input", 2)
	for name, x := range map[string]struct {
		args []string
		code int
		text string
	}{
		"another name":   {[]string{tokenModel, "--dynamic", "--input", "words=x.npy"}, exit.Usage, "no such input"},
		"one of two":     {append([]string{tokenModel, "--dynamic"}, given[:2]...), exit.Data, "is missing"},
		"no file":        {[]string{tokenModel, "--dynamic", "--input", "input_ids=nowhere.npy"}, exit.Data, "nowhere.npy"},
		"images":         {[]string{tokenModel, "--dynamic", "--inputs", "photos"}, exit.Model, "octet compare take the others by their names"},
		"two of inputs":  {append([]string{tokenModel, "--dynamic", "--eval", "photos"}, given...), exit.Usage, "contradict"},
		"of no float":    {[]string{int8Tokens(t), "--dynamic"}, exit.Usage, "name one beside"},
		"another model":  {append([]string{tokenModel, "../../testdata/onnx/float.onnx"}, given...), exit.Model, "compare variants of one model"},
		"static options": {[]string{tokenModel, "--dynamic", "--qconfig", "mse"}, exit.Usage, "add --calibration"},
	} {
		t.Run(name, func(t *testing.T) {
			octetCommand(t, append([]string{"compare"}, x.args...)...).fails(t, x.code, x.text)
		})
	}
}

// int8Tokens is a model that is int8 already.
func int8Tokens(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "int8.onnx")
	octetCommand(t, "quantize", tokenModel, "--dynamic", "--output", path).must(t)
	return path
}
