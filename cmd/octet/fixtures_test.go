package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// slow leaves a test out of short runs, which the race detector does: why says what
// takes long, and that it has no concurrency that other tests do not have.
func slow(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("slow: " + why)
	}
}

// demoModel is the small network of many tests.
const demoModel = "fashion_resnet8.pth"

// demoFolder is a folder with demoModel, the calibration data of the demo, and the
// first images of its test data.
func demoFolder(t *testing.T) (folder, model, calibration, test string) {
	t.Helper()
	folder = t.TempDir()
	content, err := os.ReadFile(filepath.Join("demodata", demoModel))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, demoModel), content, 0o644)
	}
	if err == nil {
		err = unpackDemo(folder, demoCalibration)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder, filepath.Join(folder, demoModel), filepath.Join(folder, demoCalibration), firstImages(t, demoTest, 500)
}

// firstImages is a copy of a set of the demo, images and labels, of n images only:
// the whole test data takes longer to unpack than most commands to run.
func firstImages(t *testing.T, set string, n int) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{set, strings.Replace(set, "images-idx3", "labels-idx1", 1)} {
		content, err := demoFiles.ReadFile("demodata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		header, size := 8, 1
		if name == set {
			header, size = 16, 28*28
		}
		b := make([]byte, header+n*size)
		if _, err := io.ReadFull(z, b); err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint32(b[4:], uint32(n))
		var file bytes.Buffer
		w, _ := gzip.NewWriterLevel(&file, gzip.NoCompression)
		if _, err = w.Write(b); err == nil {
			err = w.Close()
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), file.Bytes(), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, set)
}

// wholeTest is all test data of the demo, for commands that are to take their time.
func wholeTest(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := unpackDemo(folder, demoTest); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, demoTest)
}

// int8Demo is demoModel quantized, which is made once.
var int8Demo struct {
	sync.Mutex
	file []byte
}

// quantized makes an int8 model of the demo's on a few images.
func quantized(t *testing.T) (folder, int8, test string) {
	t.Helper()
	folder, model, calibration, test := demoFolder(t)
	int8 = filepath.Join(folder, "int8.pth")
	int8Demo.Lock()
	defer int8Demo.Unlock()
	if int8Demo.file == nil {
		octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "8", "--qconfig", "torchvision", "--output", int8).must(t)
		b, err := os.ReadFile(int8)
		if err != nil {
			t.Fatal(err)
		}
		int8Demo.file = b
		return folder, int8, test
	}
	if err := os.WriteFile(int8, int8Demo.file, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, int8, test
}
