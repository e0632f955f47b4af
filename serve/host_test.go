package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// demo is a small classifier of grey images, 28 x 28.
const demo = "../cmd/octet/demodata/fashion_resnet8.pth"

// scaled is an ONNX file that multiplies its input, float32 [N, 2], by a number.
func scaled(by float32) []byte {
	return onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "N", 2), onnxtest.Output("y", onnxtest.Float32, "N", 2),
		onnxtest.Floats("w", nil, by), onnxtest.Node("Mul", []string{"x", "w"}, []string{"y"}))
}

// put writes a file and gives it a time of its own.
func put(t *testing.T, path string, content []byte, seconds int) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path+".tmp", content, 0o644)
	}
	if err == nil {
		err = os.Chtimes(path+".tmp", time.Time{}, time.Unix(int64(1e9+seconds), 0))
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newHost(t *testing.T, o Options) *Host {
	t.Helper()
	h := NewHost(o)
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// ask runs a scaled model on [1, 2] and returns the first number of the answer.
func ask(h *Host, name, version string) (float32, error) {
	r, err := h.Infer(context.Background(), name, version, &Request{Inputs: []Input{{Name: "x", Data: tensor.Of([]float32{1, 2}, 1, 2)}}})
	if err != nil {
		return 0, err
	}
	return r.Outputs[0].Data.Float32s()[0], nil
}

// refuses checks the kind of an error and a part of its message.
func refuses(t *testing.T, err error, code Code, part string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, part) {
		t.Errorf("the error is %v; want one of kind %d with %q", err, code, part)
	}
}

func TestVersionsInFolders(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "flat.onnx"), scaled(1), 0)
	put(t, filepath.Join(folder, "deep", "2", "model.onnx"), scaled(2), 0)
	put(t, filepath.Join(folder, "deep", "10", "any.onnx"), scaled(10), 0)
	put(t, filepath.Join(folder, "plain", "model.onnx"), scaled(3), 0)
	put(t, filepath.Join(folder, "notes.txt"), []byte("x"), 0)
	put(t, filepath.Join(folder, ".hidden", "model.onnx"), scaled(3), 0)
	put(t, filepath.Join(folder, "two", "1", "a.onnx"), scaled(3), 0)
	put(t, filepath.Join(folder, "two", "1", "b.onnx"), scaled(3), 0)
	h := newHost(t, Options{Paths: []string{folder}})
	for _, c := range []struct {
		name, version string
		want          float32
	}{{"flat", "", 1}, {"flat", "1", 1}, {"deep", "", 10}, {"deep", "2", 2}, {"plain", "1", 3}} {
		if got, err := ask(h, c.name, c.version); err != nil || got != c.want {
			t.Errorf("%s/%s: %v, %v, want %v", c.name, c.version, got, err, c.want)
		}
	}
	_, err := ask(h, "deep", "3")
	refuses(t, err, NotFound, `no version "3": it has [2 10]`)
	_, err = ask(h, "other", "")
	refuses(t, err, NotFound, `"other" is not served`)
	_, err = ask(h, "two", "")
	refuses(t, err, Unavailable, "holds 2 model files")
	refuses(t, h.Ready(), Unavailable, "model two is not ready")
	if err := os.RemoveAll(filepath.Join(folder, "two")); err != nil {
		t.Fatal(err)
	}
	if err := h.Refresh(t.Context()); err != nil || h.Ready() != nil {
		t.Error(err, h.Ready())
	}
	m, err := h.Metadata("deep", "")
	if d := cmp.Diff(Metadata{"deep", []string{"2", "10"}, "octet_onnx", []Port{{"x", "FP32", []int{-1, 2}}}, []Port{{"y", "FP32", []int{-1, 2}}}, nil}, m); d != "" || err != nil {
		t.Error(d, err)
	}
	if _, problems, err := find([]string{filepath.Join(folder, "flat.onnx"), folder}); err != nil || len(problems) != 1 || !strings.Contains(fmt.Sprint(problems["flat"]), "both version 1 of model flat") {
		t.Error(problems, err)
	}
}

func TestLinksOutOfTheFolder(t *testing.T) {
	outside, folder := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "secret.onnx"), scaled(1), 0)
	if err := os.Symlink(filepath.Join(outside, "secret.onnx"), filepath.Join(folder, "out.onnx")); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	put(t, filepath.Join(folder, "..data", "in.onnx"), scaled(4), 0)
	if err := os.Symlink(filepath.Join("..data", "in.onnx"), filepath.Join(folder, "in.onnx")); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{Paths: []string{folder}, Control: true})
	if got, err := ask(h, "in", ""); err != nil || got != 4 {
		t.Errorf("a link within the folder, as Kubernetes makes: %v, %v", got, err)
	}
	_, err := ask(h, "out", "")
	refuses(t, err, Unavailable, "link out of the folder")
	for _, name := range []string{"out", "../" + filepath.Base(outside) + "/secret", filepath.Join(outside, "secret.onnx"), "..data", ""} {
		if err := h.Load(t.Context(), name); err == nil {
			t.Errorf("%q was loaded", name)
		}
	}
}

// A file that has changed is loaded when two looks find it the same, and a broken one leaves
// what is served.
func TestReload(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "m.onnx")
	put(t, file, scaled(1), 1)
	h := newHost(t, Options{Paths: []string{folder}})
	look := func(times int, want float32) {
		t.Helper()
		for range times {
			if err := h.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := ask(h, "m", ""); err != nil || got != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	put(t, file, scaled(2), 2)
	look(1, 1)
	look(1, 2)
	put(t, file, scaled(3)[:20], 3)
	look(3, 2)
	if list := h.Index(true); len(list) != 1 || list[0].State != "READY" || !strings.Contains(list[0].Reason, "m.onnx") {
		t.Errorf("%+v", list)
	}
	if err := h.Ready(); err != nil {
		t.Error(err)
	}
	put(t, file, scaled(4), 4)
	look(2, 4)
	put(t, filepath.Join(folder, "m", "2", "m.onnx"), scaled(5), 5)
	look(2, 5)
	if err := os.RemoveAll(filepath.Join(folder, "m")); err != nil {
		t.Fatal(err)
	}
	look(1, 4)
}

// Requests during reloads, every fifth of a broken file, all get an answer of one of the files.
func TestReloadUnderLoad(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "m.onnx")
	put(t, file, scaled(1), 0)
	h := newHost(t, Options{Paths: []string{folder}, Threads: 2})
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got, err := ask(h, "m", ""); err != nil || got != 1 && got != 2 {
					t.Errorf("%v, %v", got, err)
					return
				}
			}
		})
	}
	for i := range 50 {
		content := scaled(float32(1 + i%2))
		if i%5 == 4 {
			content = content[:len(content)/2]
		}
		put(t, file, content, i+1)
		for range 2 {
			if err := h.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	clients.Wait()
}

func TestControl(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.onnx"), scaled(1), 0)
	h := newHost(t, Options{Paths: []string{folder}})
	refuses(t, h.Load(t.Context(), "m"), Forbidden, "--control")
	refuses(t, h.Unload("m"), Forbidden, "--control")
	h = newHost(t, Options{Paths: []string{folder}, Control: true})
	if err := h.Unload("m"); err != nil {
		t.Fatal(err)
	}
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := ask(h, "m", "")
	refuses(t, err, Unavailable, "unloaded")
	if h.Ready() != nil {
		t.Error("a model that a client unloaded makes the server not ready")
	}
	put(t, filepath.Join(folder, "m.onnx"), scaled(7), 1)
	if err := h.Load(t.Context(), "m"); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(h, "m", ""); err != nil || got != 7 {
		t.Errorf("%v, %v", got, err)
	}
	refuses(t, h.Load(t.Context(), "n"), NotFound, `no model "n"`)
	refuses(t, h.Unload("n"), NotFound, `"n" is not served`)
}

func TestReadiness(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.onnx"), scaled(1), 0)
	h := NewHost(Options{Paths: []string{folder}})
	refuses(t, h.Ready(), Unavailable, "being loaded")
	_, err := ask(h, "m", "")
	refuses(t, err, Unavailable, "being loaded")
	if err := h.Refresh(t.Context()); err != nil || h.Ready() != nil {
		t.Fatal(err, h.Ready())
	}
	h.Drain()
	refuses(t, h.Ready(), Unavailable, "about to end")
	if _, err := ask(h, "m", ""); err != nil {
		t.Error("requests that still come are answered: ", err)
	}
	if err := NewHost(Options{Paths: []string{filepath.Join(folder, "no such")}}).Refresh(t.Context()); err == nil {
		t.Error("a path that does not exist is no error")
	}
	// A model that cannot be opened, and one that panics.
	put(t, filepath.Join(folder, "p.onnx"), scaled(1), 0)
	put(t, filepath.Join(folder, "q.onnx"), []byte("no model"), 0)
	h = newHost(t, Options{Paths: []string{folder}, Open: func(_ context.Context, file string) (*octet.Model, error) {
		if filepath.Base(file) == "p.onnx" {
			panic("a fault")
		}
		return octet.Open(file)
	}})
	refuses(t, h.ModelReady("p", ""), Unavailable, "a fault")
	refuses(t, h.ModelReady("q", "1"), Unavailable, "q.onnx")
	if err := h.ModelReady("m", ""); err != nil {
		t.Error(err)
	}
}

// What a request must be.
func TestRequests(t *testing.T) {
	h := newHost(t, Options{Paths: []string{demo}})
	x := tensor.New(tensor.Float32, 1, 1, 28, 28)
	r := testseed.Rand(t)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	good := Input{Name: "x", Data: x}
	infer := func(q *Request) error {
		_, err := h.Infer(t.Context(), "fashion_resnet8", "", q)
		return err
	}
	for _, c := range []struct {
		q    Request
		says string
	}{
		{Request{}, `input "x" is missing`},
		{Request{Inputs: []Input{{Name: "y", Data: x}}}, `no input "y"`},
		{Request{Inputs: []Input{good, good}}, "given twice"},
		{Request{Inputs: []Input{{Name: "x", Data: tensor.New(tensor.Int64, 1, 1, 28, 28)}}}, "is INT64; the model takes FP32"},
		{Request{Inputs: []Input{{Name: "x", Data: tensor.New(tensor.Float32, 1, 3, 28, 28)}}}, "has shape [1 3 28 28]"},
		{Request{Inputs: []Input{{Name: "x", Data: tensor.New(tensor.Float32, 784)}}}, "has shape [784]"},
		{Request{Inputs: []Input{{Name: "x", Data: tensor.New(tensor.Float32, 0, 1, 28, 28)}}}, "empty"},
		{Request{Inputs: []Input{good}, Outputs: []Requested{{Name: "z"}}}, `no output "z"`},
		{Request{Inputs: []Input{good}, Outputs: []Requested{{Name: "fc"}, {Name: "fc"}}}, "asked for twice"},
		{Request{Inputs: []Input{{Name: "x", Shape: tensor.Shape{1}, Images: [][]byte{[]byte("https://example.org/cat.jpg")}}}}, "not an image"},
		{Request{Inputs: []Input{{Name: "x", Shape: tensor.Shape{2}, Images: [][]byte{nil}}}}, "[N] is expected"},
		{Request{Inputs: []Input{{Name: "x", Shape: tensor.Shape{0}}}}, "no image file"},
	} {
		refuses(t, infer(&c.q), Invalid, c.says)
	}
	m, err := octet.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Infer(t.Context(), "fashion_resnet8", "1", &Request{ID: "7", Inputs: []Input{good}})
	if err != nil || got.ID != "7" || got.Version != "1" || !bytes.Equal(got.Outputs[0].Raw(), want.Bytes()) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = h.Infer(t.Context(), "fashion_resnet8", "", &Request{Inputs: []Input{good}, Outputs: []Requested{{Name: "fc", Classes: 2}}})
	if err != nil || got.Outputs[0].Datatype() != BytesType || !got.Outputs[0].Shape.Equal(tensor.Shape{1, 2}) {
		t.Fatalf("%+v, %v", got, err)
	}
	labels, _ := m.Labels()
	for i, p := range octet.TopK(want.Float32s(), 2, labels) {
		if parts := strings.Split(got.Outputs[0].Texts[i], ":"); len(parts) != 3 || parts[2] != p.Label {
			t.Errorf("class %d is %q, want %v", i, got.Outputs[0].Texts[i], p)
		}
	}
	list, err := h.Statistics("fashion_resnet8", "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if m := list[0]; m.Inferences != 2 || m.Executions != 2 || m.Fail.Count == 0 {
		t.Errorf("%+v", m)
	}
	if b := list[0].Batches; len(b) != 1 || b[0].Size != 1 || b[0].Infer.Count != 2 {
		t.Errorf("%+v", b)
	}
}
