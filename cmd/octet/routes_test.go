package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/npy"
)

// routesInput writes what PyTorch was given when it computed the logits beside the
// files of testdata.
func routesInput(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.WriteFile(path, hashweights.Images(2, 3, 64, 2)); err != nil {
		t.Fatal(err)
	}
	return path
}

// Models that were quantized by other routes than eager mode's usual one run without
// a flag, save the backend that no file names, and give PyTorch's logits to the bit.
func TestRoutesOfQuantization(t *testing.T) {
	x := routesInput(t)
	for _, c := range []struct{ file, backend string }{
		{"fx/mobilenet_v2.plain.ptq", ""},
		{"fx/mobilenet_v3_small.quantizable.qat", "qnnpack"},
		{"fx/shufflenet_v2_x0_5.plain.qat", "qnnpack"},
		{"fxprepared/mobilenet_v2.plain.ptq.fbgemm", ""},
		{"fxprepared/shufflenet_v2_x0_5.quantizable.qat.qnnpack", "qnnpack"},
		{"fxprepared/mobilenet_v3_small.quantizable.ptq.qnnpack", "qnnpack"},
		{"routes/excluded.fx.stage2_0_branch1", ""},
		{"routes/excluded.fx.conv1", ""},
		{"routes/excluded.eager.conv1", ""},
		{"routes/observed.histogram.fbgemm", ""},
	} {
		file, y := filepath.Join("../../testdata", c.file+".pth"), filepath.Join(t.TempDir(), "y.npy")
		args := []string{"run", file, "--input", x, "--output", y}
		if c.backend != "" {
			args = append(args, "--backend", c.backend)
		}
		octetCommand(t, args...).must(t)
		got, err := npy.ReadFile(y)
		if err != nil {
			t.Fatal(err)
		}
		want, err := npy.ReadFile(strings.TrimSuffix(file, ".pth") + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: logits %v, PyTorch's are %v", c.file, got.Float32s()[:5], want.Float32s()[:5])
		}
		octetCommand(t, "inspect", file).must(t)
	}
}

// What octet does not run is said in one line that says what to do.
func TestRoutesThatAreRefused(t *testing.T) {
	x := routesInput(t)
	for name, remedy := range map[string]string{
		"unfused-observed":  "call fuse_model() before prepare or prepare_qat",
		"unfused-converted": "call fuse_model() before prepare or prepare_qat",
		"unfused-trained":   "call fuse_model() before prepare or prepare_qat",
		"dynamic":           "octet quantize FLOAT.pth --calibration IMAGES",
		"qint8":             "convert with a qconfig of quint8 activations",
	} {
		file := filepath.Join("../../testdata/routes", "refused."+name+".pth")
		for _, more := range [][]string{nil, {"--arch", "shufflenet_v2_x0_5"}} {
			r := octetCommand(t, append([]string{"run", file, "--input", x}, more...)...)
			r.fails(t, exit.Model, file, remedy)
			if lines := strings.Split(strings.TrimSpace(r.errOut), "\n"); len(lines) != 1 {
				t.Errorf("%s: %d lines:\n%s", name, len(lines), r.errOut)
			}
		}
	}
}

// A prepared model is quantized without data: the ranges are in its file. What is
// written is an int8 file with PyTorch's logits.
func TestQuantizePrepared(t *testing.T) {
	x := routesInput(t)
	for _, name := range []string{"fxprepared/mobilenet_v3_small.plain.ptq.fbgemm", "fxprepared/mobilenet_v2.quantizable.qat.qnnpack", "routes/observed.histogram.fbgemm",
		"fxprepared/mobilenet_v2.plain.ptq.fbgemm", "fxprepared/shufflenet_v2_x0_5.plain.ptq.fbgemm", "fxprepared/shufflenet_v2_x0_5.quantizable.qat.qnnpack"} {
		file, folder := filepath.Join("../../testdata", name+".pth"), t.TempDir()
		int8, y := filepath.Join(folder, "int8.pth"), filepath.Join(folder, "y.npy")
		r := octetCommand(t, "quantize", file, "-o", int8).must(t)
		if !strings.Contains(r.errOut, "the ranges are those of the observers in "+file) {
			t.Errorf("not said where the ranges are from:\n%s", r.errOut)
		}
		if out := octetCommand(t, "inspect", int8).must(t).out; !strings.Contains(out, "from "+filepath.Base(file)) || !strings.Contains(out, "the codes 0 to ") {
			t.Errorf("inspect:\n%s", out)
		}
		octetCommand(t, "run", int8, "--input", x, "--output", y).must(t)
		got, err := npy.ReadFile(y)
		if err != nil {
			t.Fatal(err)
		}
		want, err := npy.ReadFile(strings.TrimSuffix(file, ".pth") + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: logits %v, PyTorch's are %v", name, got.Float32s()[:5], want.Float32s()[:5])
		}
		octetCommand(t, "quantize", file, "--calibration", x, "--exclude", "fc", "-o", int8).fails(t, exit.Usage, "the ranges and the recipe in the file", "leave out --calibration and --exclude")
	}
}
