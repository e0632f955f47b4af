package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const demo = "../../cmd/octet/demodata/"

func TestRun(t *testing.T) {
	var out strings.Builder
	images := demo + "calibration-images-idx3-ubyte.gz"
	saved := filepath.Join(t.TempDir(), "int8.pth")
	if err := run(t.Context(), &out, []string{demo + "fashion_resnet8.pth", images, images, saved}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{" layers compute on integers, ", "top-1 of 512 images: 9"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not in\n%s", part, &out)
		}
	}
	if _, err := os.Stat(saved); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), &out, nil); err == nil {
		t.Error("no arguments are enough")
	}
}
