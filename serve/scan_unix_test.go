//go:build unix

package serve

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// To open a pipe waits for a writer that never comes: what is no regular file is the problem of
// its model alone.
func TestPipesAreNotOpened(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "good.onnx"), scaled(1), 0)
	put(t, filepath.Join(folder, "deep", "1", "notes.txt"), nil, 0)
	pipes := []string{filepath.Join(folder, "flat.onnx"), filepath.Join(folder, "deep", "1", "model.onnx")}
	for _, p := range pipes {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Skip("pipes cannot be made here: ", err)
		}
	}
	if err := os.Symlink("flat.onnx", filepath.Join(folder, "link.onnx")); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{Paths: []string{folder}})
	if got, err := ask(h, "good", ""); err != nil || got != 1 {
		t.Error(got, err)
	}
	for _, name := range []string{"flat", "deep", "link"} {
		if state, reason := reasonOf(h, name); state != "UNAVAILABLE" || !strings.Contains(reason, "a pipe") {
			t.Errorf("%s: the index says %s, %q", name, state, reason)
		}
	}
	if err := NewHost(Options{Paths: pipes[:1]}).Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "flat.onnx is no regular file") {
		t.Error(err)
	}
}
