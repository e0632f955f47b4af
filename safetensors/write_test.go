package safetensors

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
	"pgregory.net/rapid"
)

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Fatalf(format string, args ...any)
}

// checkRoundTrip writes, reads, compares, and writes the same bytes again.
func checkRoundTrip(t fataler, f *File) {
	var one, two bytes.Buffer
	if err := Write(&one, f); err != nil {
		t.Fatalf("%v", err)
	}
	got, err := Read(bytes.NewReader(one.Bytes()), int64(one.Len()), "mem")
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(got.Names()) != len(f.Names()) || !maps.Equal(got.Metadata, f.Metadata) {
		t.Fatalf("names %q, metadata %q; want %q, %q", got.Names(), got.Metadata, f.Names(), f.Metadata)
	}
	for _, n := range f.Names() {
		a, _ := f.Tensor(n)
		b, ok := got.Tensor(n)
		if !ok || a.DType() != b.DType() || !a.Shape().Equal(b.Shape()) || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("%q: %v became %v", n, a, b)
		}
	}
	if err := Write(&two, got); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Fatalf("the second file differs from the first (%v)", err)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &File{}
		if rapid.Bool().Draw(t, "with metadata") {
			f.Metadata = rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata")
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "tensors") {
			dtype := rapid.SampledFrom(dtypes).Draw(t, "dtype").is
			shape := tensor.Shape(rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape"))
			raw := bytes.Repeat([]byte{1}, shape.Numel()*dtype.Size())
			if dtype != tensor.Bool {
				raw = rapid.SliceOfN(rapid.Byte(), len(raw), len(raw)).Draw(t, "bytes")
			}
			x, err := tensor.FromBytes(dtype, nil, shape, raw)
			if err != nil {
				t.Fatal(err)
			}
			f.Set(fmt.Sprint(rapid.String().Draw(t, "name"), i), x)
		}
		checkRoundTrip(t, f)
	})
}

func TestQuantizedIsRefused(t *testing.T) {
	f := &File{}
	f.Set("w", tensor.NewQuantized(tensor.QInt8, tensor.Affine(1, 0), 2))
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := Save(path, f); err == nil || !strings.Contains(err.Error(), `"w"`) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a file was left")
	}
}

// TestWide: the header of a hundred thousand tensors is read in reasonable time.
func TestWide(t *testing.T) {
	f := &File{}
	for i := range 100_000 {
		f.Set(fmt.Sprint(i), tensor.Of([]uint8{1}, 1))
	}
	checkRoundTrip(t, f)
}
