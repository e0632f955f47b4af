package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// A training that destroys the model says so, and which flags help.
func TestDivergingTrainingWarns(t *testing.T) {
	slow(t, "trains eight times")
	folder, model, calibration, _ := demoFolder(t)
	out := filepath.Join(folder, "o.pth")
	for _, c := range []struct {
		command, flags string
		says           []string // none: no warning
	}{
		{"qat", "--lr 20", []string{"a lower --lr (20 here; 2, say)", "--clip 1"}},
		{"qat", "--lr 3", []string{"guessing gives 2.3", "--lr", "--clip"}},
		{"qat", "--lr 20 --torch-compatible", []string{"--lr", "--clip"}},
		{"qat", "--lr 3 --optimizer adamw --clip 5", []string{"--lr", "a smaller --clip (5 here)"}},
		{"train", "--lr 20", []string{"--lr", "--clip"}},
		{"train", "--lr 5", []string{"--lr", "--clip"}},
		{"qat", "", nil},
		{"train", "--lr 0.001", nil},
	} {
		t.Run(c.command+" "+c.flags, func(t *testing.T) {
			args := append([]string{c.command, model, "--output", out, "--checkpoint", "none", "--augment", "none", "--seed", "1", "--json"}, short(calibration)...)
			args = append(args, "--epochs", "4")
			r := octetCommand(t, append(args, strings.Fields(c.flags)...)...)
			if r.code != exit.OK && (c.says == nil || r.code != exit.Data) {
				t.Fatalf("exit code %d:\n%s", r.code, r.errOut)
			}
			for _, text := range c.says {
				if !strings.Contains(r.errOut, "diverge") || !strings.Contains(r.errOut, text) {
					t.Errorf("%q is not said:\n%s", text, r.errOut)
				}
			}
			if warned := strings.Contains(r.errOut, "diverge"); warned != (c.says != nil) {
				t.Errorf("warned: %v\n%s", warned, r.errOut)
			}
			if r.code != exit.OK {
				return
			}
			var doc struct{ Warning string }
			if r.decode(t, &doc); (doc.Warning != "") != (c.says != nil) {
				t.Errorf("in the document: %q", doc.Warning)
			}
		})
	}
}
