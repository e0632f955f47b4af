package pt2_test

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"os"
	"slices"
	"testing"
)

// archive is a program's records by name, to be changed and packed.
type archive map[string][]byte

// example reads the program that PyTorch wrote: convolution, batch norm, ReLU, mean, linear.
func example(t testing.TB) archive {
	data, err := os.ReadFile("testdata/example.pt2")
	if err != nil {
		t.Fatal(err)
	}
	return unpacked(t, data)
}

// quantized reads a program that PT2E quantized.
func quantized(t testing.TB) archive {
	data, err := os.ReadFile("testdata/quantized.zip")
	if err != nil {
		t.Fatal(err)
	}
	return unpacked(t, unpacked(t, data)["small_xnnpack.pt2"])
}

// unpacked are the records of a zip.
func unpacked(t testing.TB, data []byte) archive {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	a := archive{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if a[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return a
}

// packed writes the records, stored as PyTorch does or compressed.
func (a archive) packed(t testing.TB, method uint16) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		r, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = r.Write(a[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The records that tests change.
const (
	model   = "export_example/models/model.json"
	weights = "export_example/data/weights/model_weights_config.json"
)

// with is a copy with text of a record replaced; it must be there.
func (a archive) with(t testing.TB, record, old, new string) archive {
	if !bytes.Contains(a[record], []byte(old)) {
		t.Fatalf("record %s has no %q", record, old)
	}
	b := maps.Clone(a)
	b[record] = bytes.ReplaceAll(a[record], []byte(old), []byte(new))
	return b
}

// without is a copy that lacks a record.
func (a archive) without(record string) archive {
	b := maps.Clone(a)
	delete(b, record)
	return b
}
