package octet

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/npy"
)

// Models that were prepared and not converted, and models with layers excluded by
// hand, in FX graph mode and in eager mode, give PyTorch's logits
// (tools/golden/routes.py): to the bit, save where the last layer is float.
func TestOtherRoutes(t *testing.T) {
	for _, pattern := range []string{"testdata/routes/observed.*.npy", "testdata/routes/excluded.*.npy"} {
		files, _ := filepath.Glob(pattern)
		if len(files) < 5 {
			t.Fatalf("only %d files %s", len(files), pattern)
		}
		for _, file := range files {
			name := strings.TrimSuffix(file, ".npy")
			t.Run(filepath.Base(name), func(t *testing.T) {
				backend := "fbgemm"
				if strings.HasSuffix(name, ".qnnpack") {
					backend = "qnnpack"
				}
				m, err := Open(name+".pth", WithArch("shufflenet_v2_x0_5"), WithBackend(Backend(backend)))
				if err != nil {
					t.Fatal(err)
				}
				want, err := npy.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				got := logitsOf(t, m)
				if strings.HasSuffix(name, "fc") {
					const rounding = 1e-5 // of float32 sums in another order: the last layer is not quantized here
					for i, v := range want.Float32s() {
						if d := got.Float32s()[i] - v; math.Abs(float64(d)) > rounding {
							t.Fatalf("logit %d is off by %v", i, d)
						}
					}
				} else if !bytes.Equal(got.Bytes(), want.Bytes()) {
					t.Errorf("logits %v, PyTorch's are %v", got.Float32s()[:5], want.Float32s()[:5])
				}
				if strings.Contains(name, "observed.") {
					sameOnceConverted(t, m, got)
				}
			})
		}
	}
}

func TestRoutesThatAreRefused(t *testing.T) {
	for name, says := range map[string]string{
		"unfused-observed":  "not fused: a batch norm",
		"unfused-converted": "call fuse_model() before prepare",
		"unfused-trained":   "call fuse_model() before prepare",
		"dynamic":           "quantized dynamically",
		"qint8":             "quantized to qint8",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open("testdata/routes/refused."+name+".pth", WithArch("shufflenet_v2_x0_5"))
			if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
}
