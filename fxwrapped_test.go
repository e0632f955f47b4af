package octet_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/torch"
)

// graphModeFiles are models that FX graph mode converted or prepared, with
// concatenations, clamps of their own, parts of chunks, excluded layers.
var graphModeFiles = []string{
	"fx/mobilenet_v2.plain.ptq", "fx/mobilenet_v3_small.quantizable.qat", "fx/shufflenet_v2_x0_5.plain.ptq", "routes/excluded.fx.stage4-fc",
	"fxprepared/mobilenet_v2.plain.qat.fbgemm", "fxprepared/mobilenet_v3_small.plain.ptq.fbgemm", "fxprepared/shufflenet_v2_x0_5.quantizable.ptq.qnnpack",
}

// traced is how keys begin when the wrapper itself was traced: what is no module is
// an attribute of the whole, whose name has the path with underscores.
func traced(sd *torch.StateDict, prefix string) *torch.StateDict {
	return sd.Select(func(key string) (string, bool) {
		switch {
		case strings.HasPrefix(key, "activation_post_process_"):
			return key, true
		case strings.Contains(key, "."):
			return prefix + key, true
		}
		return strings.ReplaceAll(prefix, ".", "_") + key, true
	})
}

// A model of FX graph mode opens under a prefix, whether it was wrapped after it was
// converted or traced with its wrapper, and computes the same.
func TestWrappedInGraphMode(t *testing.T) {
	slow(t, "opens seven networks ten times each")
	x := hashweights.Images(2, 3, 64, 2)
	for _, name := range graphModeFiles {
		t.Run(filepath.Base(name), func(t *testing.T) {
			arch, _, _ := strings.Cut(filepath.Base(name), ".")
			if arch == "excluded" {
				arch = "shufflenet_v2_x0_5"
			}
			backend := "fbgemm"
			if strings.HasSuffix(name, "qnnpack") {
				backend = "qnnpack"
			}
			ckpt, err := torch.Open("testdata/" + name + ".pth")
			if err != nil {
				t.Fatal(err)
			}
			defer ckpt.Close()
			sd, err := ckpt.StateDict("")
			if err != nil {
				t.Fatal(err)
			}
			logits := func(sd *torch.StateDict, opts ...octet.OpenOption) []float32 {
				m, err := octet.Open(saved(t, sd), append(opts, octet.WithBackend(octet.Backend(backend)))...)
				if err != nil {
					t.Fatal(err)
				}
				return run(t, m, x)
			}
			want := logits(sd, octet.WithArch(arch))
			for i, prefix := range []string{"module.", "model.", "_orig_mod.", "net.", "module.model.backbone."} {
				var opts []octet.OpenOption
				if i%2 == 0 {
					opts = append(opts, octet.WithArch(arch))
				}
				if !slices.Equal(logits(wrapped(sd, prefix, beside["metrics"]), opts...), want) {
					t.Errorf("under %s it computes something else", prefix)
				}
				if prefix != "_orig_mod." && !slices.Equal(logits(traced(sd, prefix), opts...), want) { // a compiled model cannot be traced
					t.Errorf("traced under %s it computes something else", prefix)
				}
			}
			for _, outer := range []string{"net.", "module.net.", "a."} {
				if !slices.Equal(logits(wrapped(traced(sd, "model."), outer, nil), octet.WithArch(arch)), want) {
					t.Errorf("traced under model. and wrapped in %s it computes something else", outer)
				}
			}
		})
	}
}
