package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// What was not calibrated shows no progress of a calibration.
func TestNoProgressWithoutWork(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	stats := filepath.Join(folder, "stats.json")
	base := []string{"quantize", model, "--output", filepath.Join(folder, "o.pth"), "--stats", stats, "--limit", "8", "--qconfig", "torchvision", "--calibration"}
	if r := octetCommand(t, append(base, calibration)...).must(t); !strings.Contains(r.errOut, "calibrate: 8/8") {
		t.Errorf("a calibration shows none:\n%s", r.errOut)
	}
	reused := octetCommand(t, append(base, calibration)...).must(t)
	again := octetCommand(t, append(base, calibration, "--backend", "qnnpack")...).must(t)
	for _, r := range []result{reused, again} {
		if !strings.Contains(r.errOut, "nothing is calibrated") || strings.Contains(r.errOut, "calibrate: ") {
			t.Errorf("stderr:\n%s", r.errOut)
		}
	}
	for _, refused := range [][]string{{grey(t, 8)}, {calibration, "--batch-size", "3"}, {calibration, "--qconfig", "default"}} {
		r := octetCommand(t, append(base, refused...)...)
		r.fails(t, exit.Data)
		if strings.Contains(r.errOut, "nothing is calibrated") || strings.Contains(r.errOut, "calibrate: ") {
			t.Errorf("%v: stderr:\n%s", refused, r.errOut)
		}
	}
}
