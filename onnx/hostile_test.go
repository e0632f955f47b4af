package onnx_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/onnx"
)

// maxHostile bounds what reading a hostile file allocates beside the file, in bytes.
const maxHostile = 128 << 20

// TestHostileFiles are refused by an error that names the file, the node or the tensor, in
// little memory.
func TestHostileFiles(t *testing.T) {
	files := slices.Concat(onnxtest.HostileFiles(testseed.Rand(t)), onnxtest.HostileNodes(), onnxtest.Bombs(false))
	folder := t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(folder, "link.bin")); err != nil {
		t.Logf("there are no links here: %v", err)
	}
	for _, h := range files {
		path := filepath.Join(folder, "model.onnx")
		if err := os.WriteFile(path, h.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := onnx.Open(path)
		if err == nil {
			_, err = f.Graph(onnx.Given{})
		}
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), h.Says) {
			t.Errorf("%s: error %v; expected %q", h.Name, err, h.Says)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > maxHostile+uint64(len(h.Data)) {
			t.Errorf("%s: %d bytes were allocated for a file of %d", h.Name, n, len(h.Data))
		}
	}
}
