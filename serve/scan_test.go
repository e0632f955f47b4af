package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reasonOf is what the index says of a model's only version, and its state.
func reasonOf(h *Host, name string) (state, reason string) {
	for _, s := range h.Index(false) {
		if s.Name == name {
			return s.State, s.Reason
		}
	}
	return "", ""
}

// Two files for one version stop that model alone: what is served of it stays, and others come
// and go.
func TestClashOfNames(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "two.onnx"), scaled(2), 1)
	put(t, filepath.Join(folder, "gone.onnx"), scaled(1), 1)
	h := newHost(t, Options{Paths: []string{folder}, Control: true})
	look := func() {
		t.Helper()
		for range 2 {
			if err := h.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, filepath.Join(folder, "two", "1", "two.onnx"), scaled(3), 2)
	put(t, filepath.Join(folder, "new.onnx"), scaled(4), 2)
	if err := os.Remove(filepath.Join(folder, "gone.onnx")); err != nil {
		t.Fatal(err)
	}
	look()
	for name, want := range map[string]float32{"two": 2, "new": 4} {
		if got, err := ask(h, name, ""); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	_, err := ask(h, "gone", "")
	refuses(t, err, NotFound, "not served")
	if state, reason := reasonOf(h, "two"); state != "READY" || !strings.Contains(reason, "both version 1 of model two") {
		t.Errorf("the index says %s, %q", state, reason)
	}
	refuses(t, h.Load(t.Context(), "two"), Invalid, "both version 1")
	if err := os.Remove(filepath.Join(folder, "two.onnx")); err != nil {
		t.Fatal(err)
	}
	look()
	if got, err := ask(h, "two", ""); err != nil || got != 3 {
		t.Errorf("%v, %v: the file that was left is not served", got, err)
	}
	if _, reason := reasonOf(h, "two"); reason != "" {
		t.Error("the index still says ", reason)
	}
	put(t, filepath.Join(folder, "two.onnx"), scaled(2), 3)
	h = newHost(t, Options{Paths: []string{folder}})
	refuses(t, h.ModelReady("two", ""), Unavailable, "both version 1 of model two")
	if err := h.ModelReady("new", ""); err != nil {
		t.Error(err)
	}
}

// A path that can no longer be read leaves what is served of it, and the others are looked at.
func TestPathIsGone(t *testing.T) {
	folder, other := t.TempDir(), filepath.Join(t.TempDir(), "other.onnx")
	put(t, other, scaled(1), 0)
	h := newHost(t, Options{Paths: []string{other, folder}})
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "new.onnx"), scaled(2), 0)
	for range 2 {
		if err := h.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "other.onnx") {
			t.Errorf("the error is %v", err)
		}
	}
	for name, want := range map[string]float32{"other": 1, "new": 2} {
		if got, err := ask(h, name, ""); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

// The problem of a folder whose name has a dot is that of the model it names.
func TestProblemOfAFolderWithADot(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.v2", "1", "notes.txt"), []byte("x"), 0)
	h := newHost(t, Options{Paths: []string{folder}})
	if _, reason := reasonOf(h, "m.v2"); !strings.Contains(reason, "holds 0 model files") {
		t.Errorf("the index says %q", reason)
	}
}
