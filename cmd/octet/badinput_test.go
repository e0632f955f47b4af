package main

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// changed writes the demo's model after change has edited its state dict.
func changed(t *testing.T, model string, change func(*torch.StateDict)) string {
	t.Helper()
	sd, err := torch.Load(model, "")
	if err != nil {
		t.Fatal(err)
	}
	change(sd)
	path := filepath.Join(t.TempDir(), "changed.pth")
	if err := torch.Save(path, sd); err != nil {
		t.Fatal(err)
	}
	return path
}

// hostile writes a checkpoint whose pickle calls os.system.
func hostile(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{
		"archive/data.pkl": "\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.",
		"archive/version":  "3\n",
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(content))
	}
	z.Close()
	return writeBytes(t, "evil.pth", b.Bytes())
}

func writeBytes(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadModels(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	whole, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	nan := func(sd *torch.StateDict) {
		w, _ := sd.Tensor("layer1.0.conv1.weight")
		w = w.Clone()
		w.Float32s()[5] = float32(math.NaN())
		sd.SetTensor("layer1.0.conv1.weight", w)
	}
	missing := changed(t, model, func(sd *torch.StateDict) { sd.Delete("layer2.0.bn1.weight") })
	cases := []struct {
		name  string
		model string
		args  []string
		says  []string
	}{
		{"wrong architecture", model, []string{"--arch", "resnet18"}, []string{"does not fit resnet18", "missing", "looks like fashion_resnet8"}},
		{"missing key", missing, []string{"--arch", "fashion_resnet8"}, []string{"layer2.0.bn1.weight", "missing"}},
		{"missing weight, unknown architecture", changed(t, model, func(sd *torch.StateDict) { sd.Delete("layer2.0.conv1.weight") }), nil, []string{"does not name its architecture", "fashion_resnet8"}},
		{"NaN weights", changed(t, model, nan), nil, []string{"layer1.0.conv1.weight", "NaN"}},
		{"truncated", writeBytes(t, "cut.pth", whole[:len(whole)/2]), nil, []string{"cut.pth"}},
		{"empty", writeBytes(t, "empty.pth", nil), nil, []string{"empty.pth", "empty"}},
		{"not a model", writeBytes(t, "page.pth", []byte("<html>404</html>")), nil, []string{"page.pth", "not a file of torch.save"}},
		{"malicious pickle", hostile(t), nil, []string{"evil.pth", "os.system"}},
		{"no such file", "nowhere.pth", nil, []string{"nowhere.pth"}},
		{"wrong key", model, []string{"--key", "ema"}, []string{"ema"}},
		{"wrong number of labels", model, []string{"--labels", writeBytes(t, "labels.txt", []byte("cat\ndog\n"))}, []string{"2 labels", "10 classes"}},
	}
	x := grey(t, 1)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.pth")
			octetCommand(t, append([]string{"run", c.model, "--input", x}, c.args...)...).fails(t, exit.Model, c.says...)
			octetCommand(t, append([]string{"quantize", c.model, "--calibration", x, "--output", out}, c.args...)...).fails(t, exit.Model, c.says...)
			if exists(out) {
				t.Error("a refused model left an output file")
			}
		})
	}
	_, int8, _ := quantized(t)
	octetCommand(t, "quantize", int8, "--calibration", x, "--output", filepath.Join(t.TempDir(), "o.pth")).fails(t, exit.Model, "int8 model already")
}

func TestBadCalibrationData(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	fill := func(v float32, shape ...int) string {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = v
		}
		return writeArray(t, x)
	}
	folder := t.TempDir()
	os.WriteFile(filepath.Join(folder, "broken.png"), []byte("not a PNG"), 0o644)
	cases := []struct {
		name, data string
		says       []string
	}{
		{"constant", fill(0.5, 8, 1, 28, 28), []string{"constant", "0.5"}},
		{"NaN", fill(float32(math.NaN()), 8, 1, 28, 28), []string{"NaN"}},
		{"no samples", fill(0, 0, 1, 28, 28), nil},
		{"three channels", fill(0.5, 8, 3, 28, 28), []string{"[8, 3, 28, 28]", "[N, 1, H, W]"}},
		{"one axis", fill(0.5, 28), []string{"x.npy"}},
		{"tiny", fill(0.5, 8, 1, 0, 28), nil},
		{"cut off", writeBytes(t, "c.npy", []byte("\x93NUMPY\x01\x00")), []string{"c.npy"}},
		{"no such file", "nowhere.npy", []string{"nowhere.npy"}},
		{"empty folder", t.TempDir(), []string{"no image"}},
		{"only broken images", folder, []string{"broken.png"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.pth")
			stats := filepath.Join(t.TempDir(), "stats.json")
			r := octetCommand(t, "quantize", model, "--calibration", c.data, "--output", out, "--stats", stats)
			r.fails(t, exit.Data, c.says...)
			if exists(out) {
				t.Error("bad data left an output file")
			}
		})
	}
}

func TestBrokenImagesAreSkippedAndCounted(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	photos := filepath.Join(folder, "photos")
	picture(t, filepath.Join(photos, "good.png"), 3)
	os.WriteFile(filepath.Join(photos, "broken.png"), []byte("not a PNG"), 0o644)
	var doc runOutput
	r := octetCommand(t, "run", model, photos, "--json").must(t)
	r.decode(t, &doc)
	if doc.Inputs != 1 || len(doc.Skipped) != 1 || !strings.Contains(r.errOut, "broken.png") {
		t.Errorf("inputs %d, skipped %v, stderr:\n%s", doc.Inputs, doc.Skipped, r.errOut)
	}
	octetCommand(t, "run", model, photos, "--strict").fails(t, exit.Data, "broken.png")
}

func TestBadOutputs(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	quantize := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "--output"}
	octetCommand(t, append(quantize, filepath.Join(folder, "no", "such", "folder.pth"))...).fails(t, exit.Output, "folder.pth")
	octetCommand(t, append(quantize, folder)...).fails(t, exit.Output, folder)
	if _, err := os.Stat("/dev/full"); err == nil {
		octetCommand(t, append(quantize, "/dev/full")...).fails(t, exit.Output, "/dev/full")
		octetCommand(t, "run", model, "--input", grey(t, 1), "--output", "/dev/full").fails(t, exit.Output, "/dev/full")
	}
	locked := filepath.Join(folder, "locked")
	os.Mkdir(locked, 0o555)
	if os.WriteFile(filepath.Join(locked, "probe"), nil, 0o644) != nil { // not so for root
		octetCommand(t, append(quantize, filepath.Join(locked, "o.pth"))...).fails(t, exit.Output, "locked")
	}
}

func TestForeignStatisticsAreRefused(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	stats := filepath.Join(folder, "stats.json")
	base := []string{"quantize", model, "--output", filepath.Join(folder, "o.pth"), "--stats", stats, "--limit", "8", "--qconfig", "torchvision"}
	octetCommand(t, append(base, "--calibration", calibration)...).must(t)
	octetCommand(t, append(base, "--calibration", calibration, "--batch-size", "3")...).fails(t, exit.Data, "batches of 32, not 3")
	octetCommand(t, append(base, "--calibration", grey(t, 8))...).fails(t, exit.Data, "x.npy")
	octetCommand(t, append(base, "--calibration", calibration, "--qconfig", "default")...).fails(t, exit.Data, "other observers of activations")
	os.WriteFile(stats, []byte("{}"), 0o644)
	octetCommand(t, append(base, "--calibration", calibration)...).fails(t, exit.Data, "stats.json")
}

func TestBadInputsOfRun(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	octetCommand(t, "run", model, "--input", writeArray(t, tensor.New(tensor.Float32, 1, 3, 28, 28))).fails(t, exit.Data, "[1, 3, 28, 28]", "[N, 1, H, W]")
	octetCommand(t, "run", model, "nowhere.png").fails(t, exit.Data, "nowhere.png")
	octetCommand(t, "eval", model, grey(t, 1)).fails(t, exit.Data, "no labels")
	octetCommand(t, "tensor", "1", "NaN").fails(t, exit.Data, "NaN")
	octetCommand(t, "tensor", "1", "2", "3", "--with", "4", "--with", "5", "--op", "add").fails(t, exit.Data, "differ")
}

func TestMissingFilesComeWithAdvice(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	octetCommand(t, "run", "no-such.pth", "x.npy").fails(t, exit.Model, "no-such.pth", "give a model file", "zoo:NAME")
	octetCommand(t, "inspect", "no-such.pth").fails(t, exit.Model, "no-such.pth", "give a model file")
	octetCommand(t, "run", model, "no-such.npy").fails(t, exit.Data, "no-such.npy", "give an image, a folder")
}
