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
			sd.Extra = map[string][]byte{"octet.json": []byte(`{"arch": "resnet18"}`)}
			err = Save(filepath.Join(to, filepath.Base(path)), sd)
		}
		if err == nil && (strings.HasPrefix(filepath.Base(path), "resnet18_") || strings.HasPrefix(filepath.Base(path), "mobilenet_")) {
			err = Save(filepath.Join(to, "fresh_"+filepath.Base(path)), fresh(sd))
		}
		if err != nil {
			t.Logf("%v", err)
		}
	}
}

// fresh is the state dict as a converter would make it: without a trace of the
// file it came from, so that the writer chooses the layout.
func fresh(sd *StateDict) *StateDict {
	forget := func(t *Tensor) *Tensor {
		if t == nil {
			return nil
		}
		return &Tensor{Data: t.Data.Clone(), Parameter: t.Parameter, RequiresGrad: t.RequiresGrad}
	}
	out := &StateDict{Metadata: sd.Metadata, Extra: sd.Extra}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		switch x := v.(type) {
		case *Tensor:
			v = forget(x)
		case *PackedLinear:
			v = &PackedLinear{forget(x.Weight), forget(x.Bias)}
		}
		out.Set(k, v)
	}
	return out
}
