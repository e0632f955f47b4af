package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// greyImage is a grey picture of the demo's size that depends on n: a PGM, so that
// all have one size.
func greyImage(n int) []byte {
	b := []byte("P5 28 28 255\n")
	for i := range 28 * 28 {
		b = append(b, uint8(i*(n+3)+n*n))
	}
	return b
}

func store(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// photos is a folder of n pictures 00.pgm, 01.pgm ...
func photos(t *testing.T, n int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "photos")
	for i := range n {
		store(t, filepath.Join(folder, fmt.Sprintf("%02d.pgm", i)), greyImage(i))
	}
	return folder
}

// kept is a calibration whose statistics were kept.
type kept struct {
	t                 *testing.T
	model, stats, out string
}

func keep(t *testing.T, data string, more ...string) *kept {
	t.Helper()
	folder, model, _, _ := demoFolder(t)
	k := &kept{t: t, model: model, stats: filepath.Join(folder, "s.json"), out: filepath.Join(folder, "o.pth")}
	octetCommand(t, k.args(data, more...)...).must(t)
	return k
}

func (k *kept) args(data string, more ...string) []string {
	return append([]string{"quantize", k.model, "--calibration", data, "--qconfig", "torchvision", "--batch-size", "4", "--stats", k.stats, "--output", k.out}, more...)
}

// refuses expects an error that says all parts, and no output.
func (k *kept) refuses(data string, more []string, says ...string) {
	k.t.Helper()
	before, _ := os.ReadFile(k.stats)
	os.Remove(k.out)
	octetCommand(k.t, k.args(data, more...)...).fails(k.t, exit.Data, append(says, "remove "+k.stats)...)
	if exists(k.out) {
		k.t.Error("a model was written from statistics of other data")
	}
	if after, _ := os.ReadFile(k.stats); !bytes.Equal(before, after) {
		k.t.Error("refused statistics were changed")
	}
}

// accepts expects the same model as calibrating afresh gives.
func (k *kept) accepts(data string, more ...string) result {
	k.t.Helper()
	r := octetCommand(k.t, k.args(data, more...)...).must(k.t)
	got, _ := os.ReadFile(k.out)
	args := k.args(data, more...)
	args = append(args, "--stats", filepath.Join(k.t.TempDir(), "fresh.json"))
	octetCommand(k.t, args...).must(k.t)
	if want, _ := os.ReadFile(k.out); !bytes.Equal(got, want) {
		k.t.Error("kept statistics give another model than a fresh calibration")
	}
	return r
}

func TestStatisticsOfOtherPicturesAreRefused(t *testing.T) {
	var folder string
	name := func(n string) string { return filepath.Join(folder, n) }
	for _, c := range []struct {
		name   string
		change func()
		says   string
	}{
		{"replaced, of the same size and time", func() {
			info, _ := os.Stat(name("03.pgm"))
			store(t, name("03.pgm"), greyImage(77))
			os.Chtimes(name("03.pgm"), info.ModTime(), info.ModTime())
		}, "1 sample has other content: 03.pgm"},
		{"the last one replaced", func() { store(t, name("09.pgm"), append(greyImage(5), "more"...)) }, "09.pgm (797 bytes before, 801 bytes now)"},
		{"several replaced", func() {
			for i := range 5 {
				store(t, name(fmt.Sprintf("%02d.pgm", i)), greyImage(50+i))
			}
		}, "5 samples have other content: 00.pgm, 01.pgm, 02.pgm and 2 more"},
		{"added", func() { store(t, name("05b.pgm"), greyImage(40)) }, "1 sample is new: 05b.pgm"},
		{"removed", func() { os.Remove(name("04.pgm")) }, "1 sample is missing: 04.pgm"},
		{"added and removed", func() { os.Remove(name("04.pgm")); store(t, name("x.pgm"), greyImage(40)) }, "1 sample is new: x.pgm; 1 sample is missing: 04.pgm"},
		{"renamed to another place", func() { os.Rename(name("00.pgm"), name("zz.pgm")) }, "another order, from sample 0 on (00.pgm before, 01.pgm now)"},
		{"two exchanged", func() {
			store(t, name("02.pgm"), greyImage(3))
			store(t, name("03.pgm"), greyImage(2))
		}, "another order, from sample 2 on (02.pgm)"},
		{"broken", func() { store(t, name("06.pgm"), []byte("P5 28 28 255\n")) }, "06.pgm (797 bytes before, 13 bytes now)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder = photos(t, 10)
			k := keep(t, folder)
			c.change()
			k.refuses(folder, nil, "other data", c.says)
		})
	}
}

func TestStatisticsOfTheSamePicturesElsewhereServe(t *testing.T) {
	folder := photos(t, 6)
	k := keep(t, folder)
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	r := k.accepts(moved)
	if !strings.Contains(r.errOut, "called photos; its content is the same") {
		t.Errorf("another name is not told:\n%s", r.errOut)
	}
	os.Rename(filepath.Join(moved, "03.pgm"), filepath.Join(moved, "03-bis.pgm")) // keeps its place
	later := time.Now().Add(time.Hour)
	os.Chtimes(filepath.Join(moved, "04.pgm"), later, later)
	k.accepts(moved)
	if wd, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(wd, moved); err == nil {
			k.accepts(relative)
		}
	}
	octetCommand(t, k.args(moved, "--backend", "qnnpack", "--exclude", "fc", "--threads", "1")...).must(t)
}

func TestStatisticsOfOtherPreprocessingAreRefused(t *testing.T) {
	base := strings.Fields("--preset fashion-mnist --resize 32 --crop 28")
	folder := photos(t, 8)
	k := keep(t, folder, base...)
	for says, flags := range map[string]string{
		"mean was [0.286] and is [0.5]":                                       "--resize 32 --crop 28 --mean 0.5",
		"std was [0.353] and is [0.25]":                                       "--resize 32 --crop 28 --std 0.25",
		"resize was [32] and is [30,40]":                                      "--resize 30,40 --crop 28",
		"crop was [28,28] and is [24,26]":                                     "--resize 32 --crop 24,26",
		"interpolation was \"bilinear\" and is \"bicubic\"":                   "--resize 32 --crop 28 --interpolation bicubic",
		"exif was false and is true":                                          "--resize 32 --crop 28 --exif",
		"batches of 4, not 3":                                                 "--resize 32 --crop 28 --batch-size 3",
		"limit 0, not 5":                                                      "--resize 32 --crop 28 --limit 5",
		"other observers of activations":                                      "--resize 32 --crop 28 --qconfig default",
		"crop was [28,28] and is [26,26]; mean was [0.286] and is [0.1]: use": "--resize 32 --crop 26 --mean 0.1",
	} {
		t.Run(says, func(t *testing.T) {
			k.t = t
			k.refuses(folder, append([]string{"--preset", "fashion-mnist"}, strings.Fields(flags)...), says)
		})
	}
	k.t = t
	k.refuses(folder, nil, "resize was [32] and is nothing", "crop was [28,28] and is nothing", "input was nothing and is [28,28]")
	k.accepts(folder, append(base, "--interpolation", "bilinear")...) // what it was, by name
	m, err := octet.Open(k.out)
	if err != nil {
		t.Fatal(err)
	}
	if p := m.Metadata().Preset; p == nil || p.Mean[0] != 0.2860 || p.Resize[0] != 32 {
		t.Errorf("the model says that images are prepared as %+v", p)
	}
	// Another model of the same architecture.
	other := changed(t, k.model, func(sd *torch.StateDict) {
		bias, _ := sd.Tensor("fc.bias")
		bias.Float32s()[3]++
	})
	args := k.args(folder, base...)
	args[1] = other
	octetCommand(t, args...).fails(t, exit.Data, "another model")
}

// forms are files of calibration data, by name; those of two seeds differ in a number
// or two, never in their size.
func forms(t *testing.T) map[string]func(seed int) []byte {
	r := testseed.Rand(t)
	at := r.IntN(8 * 28 * 28)
	inputs := func(seed int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, 8, 1, 28, 28)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32((i*7919)%1000)/500 - 0.8
		}
		x.Float32s()[at] = float32(seed)
		return x
	}
	pixels := func(seed int) []byte {
		var b []byte
		for i := range 8 {
			b = append(b, greyImage(i)[13:]...)
		}
		b[at] = uint8(seed)
		return b
	}
	file := func(x *tensor.Tensor) []byte {
		b, err := os.ReadFile(writeArray(t, x))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return map[string]func(seed int) []byte{
		"cal.npy":   func(seed int) []byte { return file(inputs(seed)) },
		"bytes.npy": func(seed int) []byte { return file(tensor.Of(pixels(seed), 8, 28, 28)) },
		"double.npy": func(seed int) []byte {
			x := tensor.New(tensor.Float64, 8, 1, 28, 28)
			for i, v := range inputs(seed).Float32s() {
				tensor.Data[float64](x)[i] = float64(v)
			}
			return file(x)
		},
		"cal.npz": func(seed int) []byte {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			w, _ := z.CreateHeader(&zip.FileHeader{Name: "x.npy"}) // stored
			w.Write(file(inputs(seed)))
			z.Close()
			return b.Bytes()
		},
		"cal-idx3": func(seed int) []byte {
			b := []byte{0, 0, 8, 3}
			for _, d := range []uint32{8, 28, 28} {
				b = binary.BigEndian.AppendUint32(b, d)
			}
			return append(b, pixels(seed)...)
		},
		"cal.tar": func(seed int) []byte {
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			for i := range 8 {
				content := greyImage(i)
				content[100] = uint8(seed)
				w.WriteHeader(&tar.Header{Name: fmt.Sprintf("set/%d.pgm", i), Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
				w.Write(content)
			}
			w.Close()
			return b.Bytes()
		},
		"one.pgm": greyImage,
	}
}

// Every form that calibration data has, replaced by other content under its name, and
// the same content under another name.
func TestStatisticsOfOtherFilesAreRefused(t *testing.T) {
	for name, content := range forms(t) {
		t.Run(name, func(t *testing.T) {
			a, b := content(1), content(2)
			if len(a) != len(b) || bytes.Equal(a, b) {
				t.Fatalf("%d and %d bytes; equal: %v", len(a), len(b), bytes.Equal(a, b))
			}
			folder := t.TempDir()
			data, other := filepath.Join(folder, "a", name), filepath.Join(folder, "b", name)
			store(t, data, a)
			store(t, other, b)
			k := keep(t, data)
			k.refuses(other, nil, "other content")
			elsewhere := filepath.Join(folder, "other"+filepath.Ext(name))
			store(t, elsewhere, a)
			k.accepts(elsewhere)
			store(t, data, b) // in place
			k.refuses(data, nil, "other content")
		})
	}
}

// An interrupted calibration continues with the same data only.
func TestInterruptedCalibrationIsBoundToItsData(t *testing.T) {
	defer func(d time.Duration) { console.LineEvery = d }(console.LineEvery)
	console.LineEvery = 0 // a line per batch
	folder := photos(t, 60)
	_, model, _, _ := demoFolder(t)
	k := &kept{t: t, model: model, stats: filepath.Join(t.TempDir(), "s.json"), out: filepath.Join(t.TempDir(), "o.pth")}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &cancelWriter{when: "calibrate: ", cancel: cancel}
	if code := run(ctx, k.args(folder, "--threads", "1"), strings.NewReader(""), w, w); code != exit.Interrupted || !exists(k.stats) {
		t.Fatalf("exit code %d:\n%s", code, w.b.String())
	}
	undo := func(name string, content []byte) func() {
		before, err := os.ReadFile(filepath.Join(folder, name))
		store(t, filepath.Join(folder, name), content)
		return func() {
			os.Remove(filepath.Join(folder, name))
			if err == nil {
				store(t, filepath.Join(folder, name), before)
			}
		}
	}
	for _, c := range [][]string{{"00.pgm", "other content: 00.pgm"}, {"59.pgm", "other content: 59.pgm"}, {"30b.pgm", "new: 30b.pgm"}} {
		back := undo(c[0], greyImage(99))
		k.refuses(folder, nil, c[1])
		back()
	}
	k.refuses(folder, []string{"--mean", "0.5", "--std", "0.5"}, "mean was [0.286] and is [0.5]")
	k.refuses(folder, []string{"--exif"}, "exif was false and is true")
	if r := k.accepts(folder); !strings.Contains(r.errOut, "calibration continues behind") {
		t.Errorf("not continued:\n%s", r.errOut)
	}
}

// Statistics that do not say what they were made of serve nobody.
func TestStatisticsWithoutDataAreRefused(t *testing.T) {
	folder := photos(t, 4)
	k := keep(t, folder)
	text, err := os.ReadFile(k.stats)
	if err != nil {
		t.Fatal(err)
	}
	for says, content := range map[string][]byte{
		"do not say which data they were made of: calibrate again": bytes.Replace(text, []byte(`"octet_statistics": 2`), []byte(`"octet_statistics": 1`), 1),
		"version 7; this octet reads 2: calibrate again":           bytes.Replace(text, []byte(`"octet_statistics": 2`), []byte(`"octet_statistics": 7`), 1),
		"calibrate again":                      text[:len(text)/2],
		"of 4 samples and name 0":              bytes.Replace(text, []byte(`"samples":`), []byte(`"Samples2":`), 1),
		"does not identify a sample":           bytes.Replace(text, []byte(" 797 "), []byte(" x "), 1),
		"not a file of calibration statistics": []byte("{"),
	} {
		store(t, k.stats, content)
		octetCommand(t, k.args(folder)...).fails(t, exit.Data, says, "s.json")
	}
}
