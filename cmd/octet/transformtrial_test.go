package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/torch"
)

func TestTheInputTransformIsTriedOnImagesAtHand(t *testing.T) {
	slow(t, "runs and quantizes googlenet")
	folder := t.TempDir()
	m, err := octet.New("googlenet", 2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	file, photos := filepath.Join(folder, "g.pth"), filepath.Join(folder, "photos")
	if err := torch.Save(file, stateOf(t, m)); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a/1.png", "a/2.png", "b/3.png", "b/4.png"} {
		photo(t, filepath.Join(photos, name), 80, 80, uint8(60*i))
	}
	octetCommand(t, "eval", file, photos).fails(t, exit.Model, "googlenet+transform_input", "weights=...", "trained from scratch")
	octetCommand(t, "run", file, photos, "--arch", "googlenet", "--resize", "70", "--crop", "64").must(t).says(t, "without a transform of its input", "dilation")
	var doc struct {
		Transform *octet.TransformTrial `json:"transform_input"`
	}
	int8 := filepath.Join(folder, "int8.pth")
	for _, arch := range []string{"googlenet", "googlenet+transform_input"} {
		for _, args := range [][]string{{"eval", file, photos}, {"quantize", file, "--calibration", photos, "--qconfig", "minmax", "-o", int8}} {
			doc.Transform = nil
			r := octetCommand(t, append(args, "--arch", arch, "--resize", "70", "--crop", "64", "--json")...).must(t)
			r.decode(t, &doc)
			if d := doc.Transform; d == nil || d.Inputs != 4 || d.Tried.Arch != arch || d.Labeled != (args[0] == "eval") || d.Other.Confidence == 0 {
				t.Errorf("%v %s: %+v", args[0], arch, d)
			}
			r.says(t, "input transform: on 4 inputs")
		}
	}
	doc.Transform = nil
	r := octetCommand(t, "eval", int8, photos, "--json").must(t) // whose record says it
	if r.decode(t, &doc); doc.Transform != nil || strings.Contains(r.errOut, "not in the file") {
		t.Errorf("of a file that says it: %+v\n%s", doc.Transform, r.errOut)
	}
}

// says checks what was printed beside the result.
func (r result) says(t *testing.T, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(r.errOut, p) {
			t.Errorf("stderr does not say %q:\n%s", p, r.errOut)
		}
	}
}
