package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/torch"
)

// interrupted runs a training until it has made a step.
func interrupted(t *testing.T, args []string) {
	t.Helper()
	metrics := filepath.Join(t.TempDir(), "m.jsonl")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for deadline := time.Now().Add(time.Minute); !stepped(metrics) && time.Now().Before(deadline); {
			time.Sleep(2 * time.Millisecond)
		}
	}()
	octetCommandContext(t, ctx, append(args, "--metrics", metrics)...).fails(t, exit.Interrupted, "the same command continues there")
}

// A training that was interrupted goes on with the same data, prepared alike, only.
func TestTrainingIsBoundToItsData(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	name := func(n string) string { return filepath.Join(folder, n) }
	for i := range 24 {
		store(t, name(fmt.Sprintf("%c/%02d.pgm", 'a'+i%2, i)), greyImage(i))
	}
	out := filepath.Join(t.TempDir(), "o.pth")
	args := func(more ...string) []string {
		return append([]string{"train", "--arch", "fashion_resnet8", "--output", out, "--data", folder, "--batch-size", "4", "--epochs", "1000", "--augment", "none"}, more...)
	}
	interrupted(t, args())
	state := strings.TrimSuffix(out, ".pth") + ".training.pth"
	put := func(n string, image int) { store(t, name(n), greyImage(image)) }
	for _, c := range []struct {
		name           string
		change, revert func()
		more           []string
		says           string
	}{
		{"replaced", func() { put("b/03.pgm", 90) }, func() { put("b/03.pgm", 3) }, nil, "1 sample has other content: b/03.pgm"},
		{"every one replaced", func() {
			for i := range 24 {
				put(fmt.Sprintf("%c/%02d.pgm", 'a'+i%2, i), 100+i)
			}
		}, func() {
			for i := range 24 {
				put(fmt.Sprintf("%c/%02d.pgm", 'a'+i%2, i), i)
			}
		}, nil, "24 samples have other content: a/00.pgm"},
		{"added", func() { put("a/99.pgm", 90) }, func() { os.Remove(name("a/99.pgm")) }, nil, "1 sample is new: a/99.pgm"},
		{"removed", func() { os.Remove(name("b/05.pgm")) }, func() { put("b/05.pgm", 5) }, nil, "1 sample is missing: b/05.pgm"},
		{"exchanged", func() { put("a/00.pgm", 2); put("a/02.pgm", 0) }, func() { put("a/00.pgm", 0); put("a/02.pgm", 2) }, nil, "another order"},
		{"in another class", func() { os.Rename(name("b/23.pgm"), name("a/23.pgm")) }, func() { os.Rename(name("a/23.pgm"), name("b/23.pgm")) }, nil, "another order"},
		{"mean", nil, nil, []string{"--mean", "0.5", "--std", "0.5"}, "is [0.5]"},
		{"resize", nil, nil, []string{"--preset", "fashion-mnist", "--resize", "30"}, "resize was nothing and is [30]"},
		{"crop", nil, nil, []string{"--preset", "fashion-mnist", "--crop", "24"}, "crop was nothing and is [24,24]"},
		{"exif", nil, nil, []string{"--exif"}, "exif was false and is true"},
		{"limit", nil, nil, []string{"--limit", "12"}, "12 samples are missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.change()
				defer c.revert()
			}
			octetCommand(t, args(c.more...)...).fails(t, exit.Data, "other data", c.says, "remove "+state+" to begin anew")
		})
	}
	octetCommand(t, args("--augment", "small")...).fails(t, exit.Usage, "augment.flip was nothing and is 0.5")
	octetCommand(t, args("--seed", "9")...).fails(t, exit.Usage, "starting parameters was")
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	folder = moved
	interrupted(t, args()) // goes on
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	store(t, state, text[:len(text)-100])
	r := octetCommand(t, args()...)
	r.fails(t, exit.Data, "damaged", "remove "+state+" to begin anew")
	if strings.Contains(r.errOut, "download") {
		t.Errorf("a state of one's own is to be downloaded:\n%s", r.errOut)
	}
}

// Quantization-aware training goes on from the same model, quantized alike, only.
func TestQATIsBoundToItsModel(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	out := filepath.Join(folder, "o.pth")
	args := func(model string, more ...string) []string {
		return append([]string{"qat", model, "--output", out, "--data", calibration, "--limit", "64", "--batch-size", "8", "--epochs", "1000", "--calibrate", "16"}, more...)
	}
	interrupted(t, args(model))
	for says, more := range map[string][]string{
		"qconfig.weight":                           {"--weight-bits", "6"},
		"qconfig.weight.qscheme":                   {"--per-tensor"},
		"excluded was [] and is [\"fc\"]":          {"--exclude", "fc"},
		"fbgemm":                                   {"--backend", "qnnpack"},
		"calibrate was 16 and is 32":               {"--calibrate", "32"},
		"default_qat":                              {"--torch-compatible"},
		"optimizer.learning_rate was 0.005 and is": {"--lr", "0.01"},
		"augment.flip":                             {"--augment", "none"},
	} {
		t.Run(says, func(t *testing.T) {
			octetCommand(t, args(model, more...)...).fails(t, exit.Usage, says, "to begin anew")
		})
	}
	for says, more := range map[string][]string{
		"mean was [0.286] and is [0.5]": {"--mean", "0.5", "--std", "0.5"},
		"samples are new":               {"--limit", "96"},
	} {
		octetCommand(t, args(model, more...)...).fails(t, exit.Data, says, "to begin anew")
	}
	other := changed(t, model, func(sd *torch.StateDict) {
		bias, _ := sd.Tensor("fc.bias")
		bias.Float32s()[3]++
	})
	octetCommand(t, args(other)...).fails(t, exit.Usage, "starting parameters was")
	interrupted(t, args(model, "--threads", "1", "--recompute")) // these decide no number
}
