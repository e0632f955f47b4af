package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
)

const demo = "../../cmd/octet/demodata/"

func TestRun(t *testing.T) {
	float, images := demo+"fashion_resnet8.pth", demo+"calibration-images-idx3-ubyte.gz"
	model, err := octet.Open(float)
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := octet.Quantize(t.Context(), model, octet.Inputs(t.Context(), model, images), octet.WithLimit(32))
	if err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(t.TempDir(), "int8.pth")
	if err := int8.Save(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out, []string{float, saved, images}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.HasPrefix(text, "512 inputs: 9") || strings.Count(text, "adds noise") != 3 {
		t.Errorf("it says\n%s", text)
	}
	if err := run(t.Context(), &out, nil); err == nil {
		t.Error("no arguments are enough")
	}
}
