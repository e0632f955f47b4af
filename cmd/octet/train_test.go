package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/train"
)

// short is the training of a few small batches.
func short(data string, more ...string) []string {
	return append([]string{"--data", data, "--limit", "96", "--batch-size", "16", "--epochs", "2"}, more...)
}

// lines are the JSON lines of a file.
func lines(t *testing.T, path string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for line := range bytes.Lines(text) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

func TestTrainFromScratch(t *testing.T) {
	slow(t, "trains twice")
	folder, _, calibration, test := demoFolder(t)
	out, metrics := filepath.Join(folder, "out.pth"), filepath.Join(folder, "out.jsonl")
	var doc struct {
		Steps, Images int
		Epochs        []epochResult
		Recipe        train.Config
	}
	octetCommand(t, append([]string{"train", "--arch", "fashion_resnet8", "--output", out, "--metrics", metrics, "--label-smoothing", "0.1", "--json"}, short(calibration)...)...).must(t).decode(t, &doc)
	if doc.Steps != 12 || doc.Images != 96 || len(doc.Epochs) != 2 || doc.Recipe.Loss.Smoothing != 0.1 || doc.Recipe.Augment.Flip == 0 {
		t.Errorf("result: %+v", doc)
	}
	steps, epochs := 0, 0
	for _, l := range lines(t, metrics) {
		if l["lr"] != nil {
			steps++
		} else if l["train_top1_percent"] != nil {
			epochs++
		}
	}
	if steps != 12 || epochs != 2 {
		t.Errorf("metrics of %d steps and %d epochs", steps, epochs)
	}
	if exists(filepath.Join(folder, "out.training.pth")) {
		t.Error("the checkpoint of a finished training was left behind")
	}
	m, err := octet.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Arch() != "fashion_resnet8" || m.Metadata().Training == nil || m.Metadata().Training.Steps != 12 {
		t.Errorf("%s, trained: %+v", m.Arch(), m.Metadata().Training)
	}
	octetCommand(t, "eval", out, test, "--limit", "20").must(t)
	// And on from there, with the curve.
	again := octetCommand(t, append([]string{"train", out, "--output", filepath.Join(folder, "again.pth"), "--optimizer", "adamw", "--lr", "0.001", "--eval", test, "--schedule", "step"}, short(calibration)...)...)
	if text := again.must(t).out; !strings.Contains(text, "loss over the steps") || !strings.Contains(text, "on --eval") {
		t.Errorf("output:\n%s", text)
	}
}

func TestQATWritesWhatItTrained(t *testing.T) {
	slow(t, "trains eight times")
	folder, model, calibration, test := demoFolder(t)
	for _, way := range [][]string{nil, {"--torch-compatible"}, {"--learn-scales", "--qconfig", "default_qat_v0"}, {"--distill", "0.5", "--ema", "0.5"}} {
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			int8, prepared := filepath.Join(folder, "int8.pth"), filepath.Join(folder, "prepared.pth")
			var doc qatOutput
			octetCommand(t, append(append([]string{"qat", model, "--output", int8, "--prepared", prepared, "--backend", "qnnpack", "--eval", calibration, "--json"}, way...), short(calibration)...)...).must(t).decode(t, &doc)
			a := doc.Accuracy
			if a == nil {
				t.Fatalf("result without accuracy: %+v", doc)
			}
			holds(t, fmt.Sprintf("result: %+v, accuracy %+v", doc, a), map[string]bool{
				"12 steps": doc.Steps == 12, "accuracy of calibration alone": a.PTQ != nil, "of float": a.Float >= 80, "of training": a.QAT >= 80,
				"no float layers": doc.Report.FloatNodes == 0, "the backend": doc.Backend == "qnnpack",
			})
			m, err := octet.Open(int8)
			if err != nil {
				t.Fatal(err)
			}
			if r := m.Metadata().Training; !m.Quantized() || m.Backend() != "qnnpack" || r == nil || r.QConfigName != doc.QConfig || r.TorchCompatible != (way != nil && way[0] == "--torch-compatible") {
				t.Errorf("int8 %v, backend %s, trained %+v", m.Quantized(), m.Backend(), r)
			}
			octetCommand(t, "eval", int8, test, "--limit", "20").must(t)
			if len(way) == 0 || way[0] == "--torch-compatible" {
				// PyTorch's own kind of file is a starting point, too.
				octetCommand(t, append([]string{"qat", prepared, "--arch", "fashion_resnet8", "--output", filepath.Join(folder, "on.pth"), "--backend", "qnnpack"}, append(way, short(calibration)...)...)...).must(t)
			}
		})
	}
	octetCommand(t, append([]string{"qat", filepath.Join(folder, "int8.pth"), "--output", filepath.Join(folder, "o.pth")}, short(calibration)...)...).fails(t, exit.Model, "int8 model")
}

// The page shows the three models and the recipe; weights of fewer bits reach the
// file.
func TestTrainingPages(t *testing.T) {
	slow(t, "trains twice")
	folder, model, calibration, test := demoFolder(t)
	page := filepath.Join(folder, "page.html")
	read := func() string {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	int8 := filepath.Join(folder, "int8.pth")
	var doc qatOutput
	octetCommand(t, append([]string{"qat", model, "--output", int8, "--backend", "qnnpack", "--per-tensor", "--weight-bits", "4", "--eval", calibration, "--html", page, "--json"}, short(calibration)...)...).must(t).decode(t, &doc)
	text := read()
	for _, want := range []string{"fashion_resnet8: quantization-aware training", "int8 by calibration", "int8 by training", "weights of 4 bits with one scale each", "<h2>Accuracy", fmt.Sprintf("%.2f %%", doc.Accuracy.QAT), "of its 15 codes"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if doc.HTML != page {
		t.Errorf("html is %q in the document", doc.HTML)
	}
	if b, err := os.ReadFile(page); err != nil || !strings.Contains(string(b), `<th class="n">time</th><th class="n">speed</th>`) {
		t.Errorf("the page has no times: %v", err)
	}
	m, err := octet.Open(int8)
	if err != nil {
		t.Fatal(err)
	}
	w, _ := stateOf(t, m).Tensor("layer1.0.conv1.weight")
	if codes := w.Int8s(); slices.Min(codes) < -7 || slices.Max(codes) > 7 {
		t.Errorf("codes %d..%d of 4 bits", slices.Min(codes), slices.Max(codes))
	}
	octetCommand(t, append([]string{"train", "--arch", "fashion_resnet8", "--output", filepath.Join(folder, "f.pth"), "--eval", test, "--html", page}, short(calibration)...)...).must(t)
	if text := read(); !strings.Contains(text, "fashion_resnet8: training") || strings.Contains(text, "by calibration") || !strings.Contains(text, "learning rate 0.1") {
		t.Error("the page of a float training")
	}
	for _, never := range [][]string{{"--torch-compatible", "--freeze-observers", "0"}, {"--calibrate", "0", "--freeze-observers", "0"}, {"--calibrate", "0", "--freeze-norms", "0"}} {
		octetCommand(t, append(append([]string{"qat", model, "--output", int8}, never...), short(calibration)...)...).fails(t, exit.Usage, "share of the steps")
	}
	octetCommand(t, append([]string{"qat", model, "--output", int8, "--weight-bits", "9"}, short(calibration)...)...).fails(t, exit.Usage, "--weight-bits", "2 to 8")
	octetCommand(t, "quantize", model, "--calibration", calibration, "--output", int8, "--weight-bits", "1").fails(t, exit.Usage, "--weight-bits", "2 to 8")
}

// A training that is killed and started again writes the same bytes as one that
// was left alone.
func TestKilledTrainingResumes(t *testing.T) {
	slow(t, "trains in processes of its own")
	folder, model, calibration, _ := demoFolder(t)
	args := func(out string) []string {
		return []string{"qat", model, "--output", out, "--data", calibration, "--batch-size", "16", "--epochs", "4", "--limit", "200", "--checkpoint-every", "3", "--metrics", strings.TrimSuffix(out, ".pth") + ".jsonl", "--seed", "4"}
	}
	whole, cut := filepath.Join(folder, "whole.pth"), filepath.Join(folder, "cut.pth")
	octetCommand(t, args(whole)...).must(t)
	checkpoint := filepath.Join(folder, "cut.training.pth")
	kills := 0
	for range 50 {
		cmd := exec.Command(os.Args[0], args(cut)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		if kills < 2 {
			// The second time it is the integer forward pass that is interrupted.
			for deadline := time.Now().Add(time.Minute); kills == 1 && !frozen(filepath.Join(folder, "cut.jsonl")) && time.Now().Before(deadline) && !exists(cut); {
				time.Sleep(5 * time.Millisecond)
			}
			before := modified(checkpoint)
			for deadline := time.Now().Add(time.Minute); modified(checkpoint).Equal(before) && time.Now().Before(deadline) && !exists(cut); {
				time.Sleep(5 * time.Millisecond)
			}
			if !exists(cut) {
				cmd.Process.Kill()
				kills++
			}
		}
		err := <-done
		if err == nil {
			break
		}
	}
	if kills != 2 {
		t.Fatalf("killed %d times, wanted 2: the training was over before", kills)
	}
	a, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cut)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the killed training ended with another model")
	}
	for i, l := range lines(t, filepath.Join(folder, "cut.jsonl")) {
		want := lines(t, filepath.Join(folder, "whole.jsonl"))[i]
		for _, key := range []string{"step", "loss", "lr", "gradient_norm", "train_top1_percent"} {
			if l[key] != want[key] {
				t.Fatalf("line %d: %s is %v, without interruption %v", i, key, l[key], want[key])
			}
		}
	}
}

// frozen reports whether batch norms are frozen in the last steps of a log.
func frozen(metrics string) bool {
	text, _ := os.ReadFile(metrics)
	return bytes.Contains(text, []byte(`"phase":"batch norms frozen"`))
}

// stepped reports whether a log tells of a step.
func stepped(metrics string) bool {
	text, _ := os.ReadFile(metrics)
	return bytes.Contains(text, []byte(`"step":`))
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func TestInterruptedTrainingSaysWhereItGoesOn(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	out := filepath.Join(folder, "o.pth")
	ctx, cancel := context.WithCancel(t.Context())
	metrics := filepath.Join(folder, "o.jsonl")
	go func() {
		defer cancel()
		for deadline := time.Now().Add(time.Minute); !stepped(metrics) && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
	}()
	args := []string{"qat", model, "--output", out, "--data", calibration, "--batch-size", "8", "--epochs", "1000", "--metrics", metrics}
	octetCommandContext(t, ctx, args...).fails(t, exit.Interrupted, "o.training.pth", "the same command continues there")
	if exists(out) || !exists(filepath.Join(folder, "o.training.pth")) {
		t.Fatal("an interrupted training left a model, or no checkpoint")
	}
	octetCommand(t, append(args, "--lr", "0.5")...).fails(t, exit.Usage, "learning_rate was 0.005 and is 0.5", "o.training.pth")
	scratch := []string{"train", "--arch", "fashion_mobilenet", "--output", out, "--data", calibration, "--batch-size", "8", "--epochs", "1000"}
	octetCommand(t, scratch...).fails(t, exit.Usage, "of another model", "fashion_mobilenet")
}

func TestBadTrainingData(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	images, labels := tensor.New(tensor.Float32, 20, 1, 28, 28), make([]int64, 20)
	for i := range images.Float32s() {
		images.Float32s()[i] = float32(i % 7)
	}
	for i := range labels {
		labels[i] = int64(i % 10)
	}
	data := func(change func()) []string {
		x, y := images.Clone(), append([]int64(nil), labels...)
		images, y, labels, x = x, labels, y, images
		change()
		path, truth := writeArray(t, images), writeArray(t, tensor.Of(labels, len(labels)))
		images, labels = x, y
		return []string{"--data", path, "--truth", truth}
	}
	out := filepath.Join(folder, "o.pth")
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"label out of range", data(func() { labels[3] = 12 }), exit.Data, []string{"label 12", "0 to 9"}},
		{"negative label", data(func() { labels[3] = -5 }), exit.Data, []string{"-5"}},
		{"one class", data(func() { clear(labels) }), exit.Data, []string{"all 20 samples are of class 0"}},
		{"NaN", data(func() { images.Float32s()[900] = float32(math.NaN()) }), exit.Data, []string{"NaN"}},
		{"no labels", []string{"--data", writeArray(t, images)}, exit.Data, []string{"label"}},
		{"colour", []string{"--data", writeArray(t, tensor.New(tensor.Float32, 20, 3, 28, 28)), "--truth", writeArray(t, tensor.Of(labels, 20))}, exit.Data, []string{"[1, H, W]"}},
		{"no such data", []string{"--data", "nowhere"}, exit.Data, []string{"nowhere"}},
		{"rate", []string{"--data", calibration, "--lr", "-1"}, exit.Usage, []string{"learning rate is -1"}},
		{"augmentation", []string{"--data", calibration, "--augment", "cutmix"}, exit.Usage, []string{"cutmix"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			octetCommand(t, append([]string{"qat", model, "--output", out, "--calibrate", "0", "--batch-size", "4", "--epochs", "1"}, c.args...)...).fails(t, c.code, c.says...)
			octetCommand(t, append([]string{"train", model, "--output", out, "--checkpoint", "none", "--batch-size", "4", "--epochs", "1"}, c.args...)...).fails(t, c.code, c.says...)
			if exists(out) {
				t.Error("a refused training left a model")
			}
			os.Remove(filepath.Join(folder, "o.training.pth"))
		})
	}
	octetCommand(t, append([]string{"train", "--output", out}, short(calibration)...)...).fails(t, exit.Usage, "--arch")
	octetCommand(t, append([]string{"qat", model, "--output", model}, short(calibration)...)...).fails(t, exit.Usage, "float model itself")
	few := changed(t, model, func(sd *torch.StateDict) {
		sd.SetTensor("fc.weight", tensor.New(tensor.Float32, 4, 104))
		sd.SetTensor("fc.bias", tensor.New(tensor.Float32, 4))
	})
	octetCommand(t, append([]string{"train", few, "--output", out}, short(calibration)...)...).fails(t, exit.Data, "label 8", "0 to 3")
}
