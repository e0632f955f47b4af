package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/testseed"
)

// What it costs to identify 500 files of 110 KB, the mean of ImageNet's images: they
// are read, from the file system's cache, and hashed.
func BenchmarkIdentify(b *testing.B) {
	r := testseed.Rand(b)
	folder, content := b.TempDir(), make([]byte, 110_000)
	for i := range content {
		content[i] = uint8(r.Uint32())
	}
	const files = 500
	for i := range files {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i, ".jpg")), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	src, err := dataset.Open(folder)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(files * int64(len(content)))
	for b.Loop() {
		if _, err := dataset.Identify(b.Context(), src, preset, dataset.IdentifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
