package main

import (
	"strings"
	"testing"
)

// Sizes are in powers of 1000 wherever they are printed.
func TestSizesHaveOneUnit(t *testing.T) {
	_, model, calibration, test := demoFolder(t)
	int8 := t.TempDir() + "/int8.pth"
	for _, args := range [][]string{
		{"zoo", "list", "resnet18"},
		{"zoo", "info", "ResNet18_QuantizedWeights.DEFAULT"},
		{"quantize", model, "--calibration", calibration, "--limit", "8", "--qconfig", "torchvision", "--output", int8},
		{"compare", model, int8, "--inputs", test, "--limit", "4", "--layer-inputs", "0", "--duration", "0s"},
		{"bench", int8, "--runs", "3"},
	} {
		out := octetCommand(t, args...).must(t).out
		if !strings.Contains(out, " MB") && !strings.Contains(out, " kB") || strings.Contains(out, "iB") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
}
