package torch

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead feeds damaged checkpoints: no input may make the reader panic, and
// what it accepts it can write and read again.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/samples/*.pth", "testdata/golden/*.pth"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { readAndRewrite(t, b) })
}

// FuzzUnpickle reaches the opcodes, which a checksum guards in FuzzRead.
func FuzzUnpickle(f *testing.F) {
	for _, name := range []string{"quant_fbgemm", "dtypes_views_zip", "checkpoint_zip", "qtensors", "dynamic_lstm_linear"} {
		b, err := os.ReadFile("testdata/samples/" + name + ".pth")
		if err != nil {
			f.Fatal(err)
		}
		// The pickle is the first record and ends before the descriptor of its size.
		if from := bytes.Index(b, []byte{opProto, 2}); from >= 0 {
			f.Add(b[from+2 : from+2+min(len(b)-from-2, 4000)])
		}
	}
	f.Add([]byte("}" + str("w") + tensorOver("K\x02K\x02", "K\x02K\x01") + "s"))
	f.Add([]byte("cargparse\nNamespace\n)\x81}" + str("x") + "K\x01sb"))
	f.Fuzz(func(t *testing.T, body []byte) { readAndRewrite(t, pickled(t, body)) })
}

func readAndRewrite(t *testing.T, b []byte) {
	c, err := Read(bytes.NewReader(b), int64(len(b)), "fuzz")
	if err != nil {
		return
	}
	c.Candidates()
	sd, err := c.StateDict("")
	if err != nil {
		return
	}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if _, script := v.(*ScriptObject); script {
			return // read only
		}
	}
	var out bytes.Buffer
	if err := Write(&out, sd); err != nil {
		t.Fatalf("read, but not written: %v", err)
	}
	again, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()), "again")
	if err != nil {
		t.Fatalf("written, but not read: %v", err)
	}
	got, err := again.StateDict("")
	if err != nil {
		t.Fatalf("written, but not read: %v", err)
	}
	for _, k := range sd.Keys() {
		a, _ := sd.Entry(k)
		b, ok := got.Entry(k)
		if !ok && len(got.Stripped) > 0 {
			return // stripping may find another prefix in what is left
		}
		if err := equalValues(a, b); err != nil {
			t.Fatalf("%q: %v", k, err)
		}
	}
}
