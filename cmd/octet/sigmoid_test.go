package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// freshModel saves a new model for images of so many channels.
func freshModel(t *testing.T, arch string, classes, channels int) string {
	t.Helper()
	m, err := octet.New(arch, classes, channels, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), arch+".pth")
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOneLogitIsPrintedWithItsSigmoid(t *testing.T) {
	model, x := freshModel(t, "fashion_resnet8", 1, 1), grey(t, 3)
	out := octetCommand(t, "run", model, x).must(t).out
	if strings.Contains(out, "%") || !strings.Contains(out, "sigmoid") || !strings.Contains(out, "logit") {
		t.Errorf("text:\n%s", out)
	}
	var doc runOutput
	octetCommand(t, "run", model, x, "--json").must(t).decode(t, &doc)
	for _, r := range doc.Results {
		if len(r.Top) != 1 || r.Top[0].Sigmoid == nil || (r.Top[0].Logit > 0) != (r.Top[0].Class == 1) {
			t.Errorf("%+v", r)
		}
	}
}

// binarySet is labelled images and what the model decides about each.
func binarySet(t *testing.T, model string) (folder string, decided []int) {
	t.Helper()
	folder = t.TempDir()
	for i := range 6 {
		picture(t, filepath.Join(folder, []string{"no", "yes"}[i%2], fmt.Sprintf("%d.png", i)), uint8(40*i))
	}
	var doc runOutput
	octetCommand(t, "run", model, filepath.Join(folder, "no"), filepath.Join(folder, "yes"), "--preset", "fashion-mnist", "--json").must(t).decode(t, &doc)
	for _, r := range doc.Results {
		decided = append(decided, r.Top[0].Class)
	}
	return folder, decided
}

func TestOneLogitModelsAreEvaluated(t *testing.T) {
	model := freshModel(t, "fashion_resnet8", 1, 1)
	folder, decided := binarySet(t, model)
	right := 0
	for i, class := range decided {
		if class == i/3 {
			right++
		}
	}
	labels := filepath.Join(t.TempDir(), "labels.txt")
	for name, lines := range map[string]string{"none": "", "both": "no\nyes\n", "the one": "yes\n"} {
		args := []string{"eval", model, folder, "--preset", "fashion-mnist", "--json"}
		if lines != "" {
			write(t, labels, lines)
			args = append(args, "--labels", labels)
		}
		var doc evalOutput
		octetCommand(t, args...).must(t).decode(t, &doc)
		if doc.Top1 != right || doc.Images != 6 {
			t.Errorf("labels %s: %d of %d right, want %d", name, doc.Top1, doc.Images, right)
		}
	}
	write(t, labels, "yes\nno\n") // the other way round
	var doc evalOutput
	octetCommand(t, "eval", model, folder, "--preset", "fashion-mnist", "--labels", labels, "--json").must(t).decode(t, &doc)
	if doc.Top1 != 6-right {
		t.Errorf("labels turned round: %d right, want %d", doc.Top1, 6-right)
	}
}

func TestOneLogitModelsAreQuantizedAndCompared(t *testing.T) {
	model, x := freshModel(t, "fashion_resnet8", 1, 1), grey(t, 6)
	folder := t.TempDir()
	truth, int8 := filepath.Join(folder, "y.npy"), filepath.Join(folder, "int8.pth")
	if err := npy.WriteFile(truth, tensor.Of([]int64{0, 1, 0, 1, 0, 1}, 6)); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "quantize", model, "--calibration", x, "--output", int8).must(t)
	octetCommand(t, "eval", int8, x, "--truth", truth).must(t)
	out := octetCommand(t, "compare", model, int8, "--eval", x, "--truth", truth, "--duration", "0s", "--layer-inputs", "0").must(t).out
	if !strings.Contains(out, "top-1") {
		t.Errorf("no accuracy:\n%s", out)
	}
	if err := npy.WriteFile(truth, tensor.Of([]int64{0, 1, 2, 1, 0, 1}, 6)); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "eval", model, x, "--truth", truth).fails(t, exit.Data, "its label is 2; the model has the classes 0..1")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A single logit learns to tell two classes apart, in float and with quantization in the
// loop, from a checkpoint or fresh.
func TestOneLogitModelsAreTrained(t *testing.T) {
	data := t.TempDir()
	for i := range 48 {
		picture(t, filepath.Join(data, []string{"dark", "light"}[i%2], fmt.Sprintf("%d.png", i)), uint8(140*(i%2)+2*(i/2)))
	}
	folder := t.TempDir()
	float, int8 := filepath.Join(folder, "float.pth"), filepath.Join(folder, "int8.pth")
	training := []string{"--data", data, "--eval", data, "--preset", "fashion-mnist", "--batch-size", "16", "--json"}
	var doc trainOutput
	octetCommand(t, append([]string{"train", "--arch", "fashion_resnet8", "--classes", "1", "--epochs", "6", "--output", float}, training...)...).must(t).decode(t, &doc)
	if first, last := doc.Epochs[0], doc.Epochs[5]; *last.Eval != 100 || last.Accuracy != 100 || last.Loss > first.Loss/4 {
		t.Errorf("trained: %+v, at first %+v", last, first)
	}
	var qat qatOutput
	octetCommand(t, append([]string{"qat", float, "--epochs", "1", "--calibrate", "8", "--distill", "0.5", "--output", int8}, training...)...).must(t).decode(t, &qat)
	if qat.Accuracy.QAT != 100 {
		t.Errorf("with quantization: %+v", qat.Accuracy)
	}
	out := octetCommand(t, "run", int8, filepath.Join(data, "light", "1.png")).must(t).out
	if !strings.Contains(out, "light") || !strings.Contains(out, "sigmoid") {
		t.Errorf("text:\n%s", out)
	}
	octetCommand(t, append([]string{"train", float, "--epochs", "1", "--output", filepath.Join(folder, "more.pth")}, training...)...).must(t)
}

// More than two classes, or one, do not fit a single logit.
func TestOneLogitModelsRefuseOtherData(t *testing.T) {
	model, x := freshModel(t, "fashion_resnet8", 1, 1), grey(t, 6)
	truth := filepath.Join(t.TempDir(), "y.npy")
	for says, labels := range map[string][]int64{
		"has the label 2, the model the classes 0 to 1": {0, 1, 0, 2, 0, 1},
		"all 6 samples are of class 1":                  {1, 1, 1, 1, 1, 1},
	} {
		if err := npy.WriteFile(truth, tensor.Of(labels, 6)); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out.pth")
		octetCommand(t, "train", model, "--data", x, "--truth", truth, "--epochs", "1", "--output", out).fails(t, exit.Data, says)
	}
}
