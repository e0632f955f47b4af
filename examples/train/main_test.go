package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
)

const demo = "../../cmd/octet/demodata/"

func TestRun(t *testing.T) {
	var out strings.Builder
	saved := filepath.Join(t.TempDir(), "int8.pth")
	if err := run(t.Context(), &out, []string{"fashion_resnet8", demo + "calibration-images-idx3-ubyte.gz", "4", saved}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "float 4/4: loss ") || !strings.Contains(text, "int8 2/2: ") {
		t.Errorf("it says\n%s", text)
	}
	model, err := octet.Open(saved)
	if err != nil {
		t.Fatal(err)
	}
	if model.Arch() != "fashion_resnet8" || model.Backend() != octet.DefaultBackend {
		t.Errorf("it saved %s for backend %q", model.Arch(), model.Backend())
	}
	if err := run(t.Context(), &out, nil); err == nil {
		t.Error("no arguments are enough")
	}
}
