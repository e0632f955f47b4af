package onnxpb_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
)

// files are models that Python's protobuf wrote.
func files(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, pattern := range []string{"../../testdata/*.onnx", "../../../testdata/onnx/*.onnx", "../../../testdata/onnx/*/*.onnx"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data)
		}
	}
	if len(all) == 0 {
		t.Fatal("no ONNX files are found")
	}
	return all
}

// What protobuf's own writer wrote is read and written again to the byte.
func TestBytesAreThoseOfProtobuf(t *testing.T) {
	for i, data := range files(t) {
		m, err := onnxpb.Unmarshal(data)
		if err != nil {
			t.Errorf("file %d: %v", i, err)
			continue
		}
		if again := onnxpb.Marshal(m); !bytes.Equal(again, data) {
			t.Errorf("file %d: %d bytes become %d others", i, len(data), len(again))
		}
	}
}

// Any bytes are read or refused; what was read is written in a form that reads as the same.
func FuzzUnmarshal(f *testing.F) {
	for _, data := range files(f) {
		if len(data) < 4096 {
			f.Add(data)
		}
	}
	f.Add([]byte{0x3a, 0x02, 0x0a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnxpb.Unmarshal(data)
		if err != nil {
			return
		}
		once := onnxpb.Marshal(m)
		again, err := onnxpb.Unmarshal(once)
		if err != nil {
			t.Fatalf("%x was written as %x: %v", data, once, err)
		}
		if !bytes.Equal(onnxpb.Marshal(again), once) {
			t.Fatalf("%x is written in two ways", data)
		}
	})
}
