package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// sample is what a NAME.json beside a sample file promises.
type sample struct {
	Expect  string
	Entries [][2]json.RawMessage
}

type want struct {
	DType  string
	Shape  tensor.Shape
	SHA256 string
}

func TestSamples(t *testing.T) {
	paths, _ := filepath.Glob("testdata/samples/*.safetensors")
	if len(paths) < 15 {
		t.Fatalf("%d samples, expected at least 15", len(paths))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var s sample
			if err := json.Unmarshal(b, &s); err != nil {
				t.Fatal(err)
			}
			if s.Expect == "refuse" {
				checkRefused(t, path)
				return
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			checkEntries(t, f, s)
		})
	}
}

// TestWriteLikeReference: the writer gives the bytes of the reference library.
func TestWriteLikeReference(t *testing.T) {
	for _, path := range []string{"testdata/samples/float.safetensors", "testdata/golden/every_type.safetensors"} {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Write(&out, f); err != nil {
			t.Fatal(err)
		}
		if original, _ := os.ReadFile(path); !bytes.Equal(original, out.Bytes()) {
			t.Errorf("%s: written bytes differ from the file:\n%q\n%q", path, head(original), head(out.Bytes()))
		}
	}
}

func checkRefused(t *testing.T, path string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Open(path)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.HasPrefix(err.Error(), path) {
		t.Fatalf("error %v", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 { // these files have at most 150 bytes
		t.Errorf("%d bytes to refuse", allocated)
	}
	t.Log(err)
}

func checkEntries(t *testing.T, f *File, s sample) {
	t.Helper()
	if len(f.Names()) != len(s.Entries) || len(s.Entries) == 0 {
		t.Fatalf("%d tensors, want %d", len(f.Names()), len(s.Entries))
	}
	for _, e := range s.Entries {
		var name string
		var w want
		if err := json.Unmarshal(e[0], &name); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e[1], &w); err != nil {
			t.Fatal(err)
		}
		got, ok := f.Tensor(name)
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		sum := sha256.Sum256(got.Bytes())
		if got.DType().String() != w.DType || !got.Shape().Equal(w.Shape) || hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("%s is %v, want %+v", name, got, w)
		}
	}
}

func head(b []byte) []byte { return b[:min(len(b), 400)] }
