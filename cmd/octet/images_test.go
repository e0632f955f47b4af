package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// Files beside class folders, hidden folders and pictures of other formats leave
// every command that reads a labelled folder its labels.
func TestCommandsIgnoreWhatIsNoSample(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	data := filepath.Join(folder, "data")
	for i, name := range []string{"Bag", "Coat"} {
		for j := range 3 {
			picture(t, filepath.Join(data, name, string(rune('a'+j))+".png"), uint8(40*i+j))
		}
	}
	for _, extra := range []string{"x.png", "._x.png", "Thumbs.db", ".DS_Store", "README", ".ipynb_checkpoints/a.png", "Bag/b.gif", "Bag/._a.png"} {
		path := filepath.Join(data, filepath.FromSlash(extra))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("not an image"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	noted := func(r result) result {
		t.Helper()
		for _, want := range []string{"5 files beside the class folders are ignored, as ImageFolder does: ", "hidden folders are ignored: .ipynb_checkpoints", "1 picture of other formats (1 .gif)"} {
			if !strings.Contains(r.must(t).errOut, want) {
				t.Errorf("%q is not noted:\n%s", want, r.errOut)
			}
		}
		return r
	}
	var doc evalOutput
	noted(octetCommand(t, "eval", model, data, "--strict", "--json")).decode(t, &doc)
	if doc.Images != 6 || len(doc.Skipped) != 0 || len(doc.LeftOut) != 4 {
		t.Errorf("score: %+v", doc.score)
	}
	if text := octetCommand(t, "eval", model, data).must(t).out; !strings.Contains(text, "of 6 images)") || !strings.Contains(text, "1 .gif") {
		t.Errorf("summary:\n%s", text)
	}
	out := func() string { return filepath.Join(t.TempDir(), "o.pth") }
	noted(octetCommand(t, "quantize", model, "--calibration", data, "--output", out(), "--strict"))
	noted(octetCommand(t, "qat", model, "--data", data, "--calibrate", "4", "--batch-size", "4", "--epochs", "1", "--output", out()))
	noted(octetCommand(t, "train", model, "--data", data, "--batch-size", "4", "--epochs", "1", "--output", out()))
	noted(octetCommand(t, "compare", model, "--calibration", data, "--eval", data, "--backend", "fbgemm"))
}

// damaged writes a picture of which PIL reads the pixels, but not the checksum, and
// one that PIL refuses.
func damaged(t *testing.T, folder string) {
	t.Helper()
	whole := filepath.Join(t.TempDir(), "whole.png")
	picture(t, whole, 7)
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	const end = 12 // bytes of the last chunk
	for name, content := range map[string][]byte{"no_end.png": b[:len(b)-end], "no_checksum.png": b[:len(b)-end-6], "refused.png": b[:len(b)/2]} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedImagesAreReadAndCounted(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	data := filepath.Join(folder, "data")
	picture(t, filepath.Join(data, "Bag", "a.png"), 3)
	picture(t, filepath.Join(data, "Coat", "a.png"), 9)
	damaged(t, filepath.Join(data, "Bag"))
	var score evalOutput
	r := octetCommand(t, "eval", model, data, "--json").must(t)
	if r.decode(t, &score); score.Images != 4 || len(score.Damaged) != 2 || len(score.Skipped) != 1 || !strings.Contains(r.errOut, "damaged, but read as PIL reads it") {
		t.Errorf("score %+v, stderr:\n%s", score.score, r.errOut)
	}
	if text := octetCommand(t, "eval", model, data).must(t).out; !strings.Contains(text, "2 damaged, read as PIL reads them") || !strings.Contains(text, "1 skipped") {
		t.Errorf("summary:\n%s", text)
	}
	var run runOutput
	octetCommand(t, "run", model, filepath.Join(data, "Bag"), "--json").must(t).decode(t, &run)
	if run.Inputs != 3 || len(run.Damaged) != 2 || len(run.Skipped) != 1 {
		t.Errorf("%+v", run)
	}
	out := filepath.Join(t.TempDir(), "o.pth")
	if text := octetCommand(t, "quantize", model, "--calibration", data, "--output", out).must(t).out; !strings.Contains(text, "2 damaged") {
		t.Errorf("report:\n%s", text)
	}
	if err := os.Remove(filepath.Join(data, "Bag", "refused.png")); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "eval", model, data, "--strict").fails(t, exit.Data, "the file is damaged")
	octetCommand(t, "quantize", model, "--calibration", data, "--output", out, "--strict").fails(t, exit.Data, "the file is damaged")
}

func TestMaxPixels(t *testing.T) {
	slow(t, "decodes 90 million pixels")
	folder, model, _, _ := demoFolder(t)
	small := filepath.Join(folder, "small.png")
	picture(t, small, 1)
	octetCommand(t, "run", model, small, "--max-pixels", "784").must(t)
	octetCommand(t, "run", model, small, "--max-pixels", "783").fails(t, exit.Data, "28 x 28 pixels exceed the limit of 783")
	octetCommand(t, "run", model, small, "--max-pixels", "-1").fails(t, exit.Usage, "--max-pixels -1")
	// Black and white, so that its file and its decoding are small.
	large := filepath.Join(folder, "large.pbm")
	if err := os.WriteFile(large, append([]byte("P4 9500 9500\n"), make([]byte, 9500*((9500+7)/8))...), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", model, large, "--preset", "fashion-mnist", "--resize", "28,28"}
	if r := octetCommand(t, args...).must(t); !strings.Contains(r.errOut, "90250000 pixels, more than 89478485") {
		t.Errorf("stderr:\n%s", r.errOut)
	}
	if r := octetCommand(t, append(args, "--max-pixels", "400000000")...).must(t); strings.Contains(r.errOut, "bomb") {
		t.Errorf("stderr:\n%s", r.errOut)
	}
}

func TestLabelsOfFlatFolders(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	data := filepath.Join(folder, "data")
	for i, name := range []string{"Bag_1", "Bag_2", "Coat_1", "Ankle boot_1"} {
		picture(t, filepath.Join(data, name+".png"), uint8(50*i))
	}
	octetCommand(t, "eval", model, data).fails(t, exit.Data, "--truth-from-names")
	table := filepath.Join(folder, "labels.csv")
	for _, text := range []string{"Bag_1,Bag\nBag_2,Bag\nCoat_1,Coat\nAnkle boot_1,Ankle boot\n", "file,label\nBag_1.png,8\nBag_2.png,8\nCoat_1.png,4\nAnkle boot_1.png,9\n"} {
		if err := os.WriteFile(table, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var byTable, byName evalOutput
		octetCommand(t, "eval", model, data, "--truth", table, "--json").must(t).decode(t, &byTable)
		octetCommand(t, "eval", model, data, "--truth-from-names", "--json").must(t).decode(t, &byName)
		if byTable.Images != 4 || byTable.Top1 != byName.Top1 || byTable.Top5 != byName.Top5 || byName.Images != 4 {
			t.Errorf("%+v and %+v", byTable.score, byName.score)
		}
	}
	octetCommand(t, "eval", model, data, "--truth", table, "--truth-from-names").fails(t, exit.Usage, "choose one")
	out := filepath.Join(t.TempDir(), "o.pth")
	octetCommand(t, "qat", model, "--data", data, "--truth", table, "--calibrate", "2", "--batch-size", "2", "--epochs", "1", "--output", out).must(t)
	octetCommand(t, "train", "--arch", "fashion_resnet8", "--data", data, "--truth-from-names", "--batch-size", "2", "--epochs", "1", "--preset", "fashion-mnist", "--output", out).must(t)
}
