package main

import (
	"strings"
	"testing"
)

const demo = "../../cmd/octet/demodata/"

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, []string{demo + "fashion_resnet8.pth", demo + "calibration-images-idx3-ubyte.gz"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 512 {
		t.Errorf("%d lines for 512 images", len(lines))
	}
	// Images 0 and 1 of the set are a bag and an ankle boot.
	for i, label := range []string{"[0]: Bag, ", "[1]: Ankle boot, "} {
		if !strings.Contains(lines[i], label) {
			t.Errorf("line %d is %q, want it to have %q", i, lines[i], label)
		}
	}
	if err := run(t.Context(), &out, nil); err == nil {
		t.Error("no arguments are enough")
	}
}
