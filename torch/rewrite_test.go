package torch

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.String("rewrite", "", "FROM,TO: read the .pth files of one folder and save them to another, for tools/golden/checkpoint.py check")

// TestRewrite saves what Open reads, so that PyTorch can be asked what it makes of it.
func TestRewrite(t *testing.T) {
	if *rewrite == "" {
		t.Skip("no -rewrite FROM,TO: run by tools/golden/checkpoint.py check")
	}
	from, to, _ := strings.Cut(*rewrite, ",")
	paths, _ := filepath.Glob(filepath.Join(from, "*.pth"))
	if len(paths) == 0 {
		t.Fatalf("no .pth files in %s", from)
	}
	for _, path := range paths {
		sd, err := Load(path, "")
		if err == nil {
			err = Save(filepath.Join(to, filepath.Base(path)), sd)
		}
		if err != nil {
			t.Logf("%v", err)
		}
	}
}
