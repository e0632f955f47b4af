package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/stdio"
	"github.com/octet-ml/octet/internal/frame"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

func TestStdioRunsAsTheLibrary(t *testing.T) {
	_, int8, _ := quantized(t)
	_, float, _, _ := demoFolder(t)
	c := newStdioClient(t, t.Context())
	if c.hello.Protocol != stdio.Version || c.hello.InFlight < 3 || c.hello.MaxPayload != frame.MaxPayload {
		t.Errorf("hello %+v", c.hello)
	}
	for i, path := range []string{float, int8} {
		model, err := octet.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		session, err := model.Compile()
		if err != nil {
			t.Fatal(err)
		}
		x := greys(t, 3)
		want, err := session.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		number := uint64(10 + i)
		// Runs need not wait for open.
		c.send(stdio.Request{ID: 1, Op: "open", Session: number, Args: []string{"--threads=1", "--", path}})
		c.send(stdio.Request{ID: 2, Op: "run", Session: number, Tensor: infoOf(x)}, x.Bytes())
		answers := []Answer{c.answer(), c.answer()}
		slices.SortFunc(answers, func(a, b Answer) int { return int(a.ID) - int(b.ID) })
		var info stdio.SessionInfo
		answers[0].decode(t, &info)
		holds(t, fmt.Sprintf("info %+v", info), map[string]bool{
			"the path": info.Model == path, "the architecture": info.Arch == "fashion_resnet8", "1 channel": info.Channels == 1,
			"10 classes": info.Classes == 10, "10 labels": len(info.Labels) == 10, "a preset": info.Preset != nil,
			"the kind": info.Kind == inputs.KindOf(model),
		})
		got := answers[1]
		if got.Error != nil || len(got.Arrays) != 1 || got.Document || !got.Arrays[0].Shape.Equal(want.Shape()) || !bytes.Equal(got.payload, want.Bytes()) {
			t.Errorf("%s: the answer %+v is not the library's %v", path, got.Reply, want)
		}
		top := c.ask(stdio.Request{ID: 3, Op: "run", Session: number, Tensor: infoOf(x), Top: 2}, x.Bytes())
		var all [][]octet.Prediction
		top.decode(t, &all)
		labels, _ := model.Labels()
		if d := cmp.Diff([][]octet.Prediction{octet.TopK(serve.ClassRows(want)[0], 2, labels), octet.TopK(serve.ClassRows(want)[1], 2, labels), octet.TopK(serve.ClassRows(want)[2], 2, labels)}, all); d != "" {
			t.Error(d)
		}
		c.ask(stdio.Request{ID: 4, Op: "close", Session: number})
		c.refuse(stdio.Request{ID: 5, Op: "run", Session: number, Tensor: infoOf(x)}, x.Bytes(), exit.Usage, "is not open")
	}
	if code := c.end(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

func TestStdioClassifiesImages(t *testing.T) {
	_, int8, _ := quantized(t)
	files := []string{greyPNG(t), greyPNG(t)}
	var want runOutput
	octetCommand(t, "run", int8, files[0], files[1], "--top", "3", "--json").must(t).decode(t, &want)
	var sizes []int
	var payload []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sizes, payload = append(sizes, len(b)), append(payload, b...)
	}
	c := newStdioClient(t, t.Context())
	c.ask(stdio.Request{ID: 1, Op: "open", Session: 1, Args: []string{int8}})
	var got [][]octet.Prediction
	c.ask(stdio.Request{ID: 2, Op: "run", Session: 1, Images: sizes, Top: 3}, payload).decode(t, &got)
	if d := cmp.Diff([][]octet.Prediction{want.Results[0].Top, want.Results[1].Top}, got); d != "" {
		t.Error(d)
	}
	logits := c.ask(stdio.Request{ID: 3, Op: "run", Session: 1, Images: sizes}, payload)
	if len(logits.Arrays) != 1 || !logits.Arrays[0].Shape.Equal(tensor.Shape{2, 10}) || len(logits.payload) != 80 {
		t.Errorf("%+v", logits.Reply)
	}
	c.refuse(stdio.Request{ID: 4, Op: "run", Session: 1, Images: []int{sizes[0], 8}}, append(payload[:sizes[0]:sizes[0]], "no image"...), exit.Data, "image 1: not an image")
	c.refuse(stdio.Request{ID: 5, Op: "run", Session: 1, Images: []int{sizes[0], sizes[1] + 1}}, payload, exit.Usage, "in a payload of")
	c.refuse(stdio.Request{ID: 6, Op: "run", Session: 1, Images: sizes[:1]}, payload, exit.Usage, "in a payload of")
}

// Outputs that are no classes are given as numbers alone.
func TestStdioOfModelsWithoutClasses(t *testing.T) {
	whole := onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "N", 2), onnxtest.Output("y", onnxtest.Int64, "N", 2),
		onnxtest.Node("Cast", []string{"x"}, []string{"y"}, onnxtest.AttrInt("to", onnxtest.Int64)))
	planes := onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "N", 2, 3), onnxtest.Output("y", onnxtest.Float32, "N", 2, 3),
		onnxtest.Node("Relu", []string{"x"}, []string{"y"}))
	c := newStdioClient(t, t.Context())
	for i, m := range []struct {
		file []byte
		x    *tensor.Tensor
	}{{whole, tensor.Of([]float32{1, 2}, 1, 2)}, {planes, tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 1, 2, 3)}} {
		path, number := filepath.Join(t.TempDir(), "m.onnx"), uint64(1+i)
		if err := os.WriteFile(path, m.file, 0o644); err != nil {
			t.Fatal(err)
		}
		c.ask(stdio.Request{ID: 1, Op: "open", Session: number, Args: []string{path}})
		c.refuse(stdio.Request{ID: 2, Op: "run", Session: number, Tensor: infoOf(m.x), Top: 1}, m.x.Bytes(), exit.Data, "which are no classes")
		if a := c.ask(stdio.Request{ID: 3, Op: "run", Session: number, Tensor: infoOf(m.x)}, m.x.Bytes()); len(a.Arrays) != 1 || !a.Arrays[0].Shape.Equal(m.x.Shape()) {
			t.Errorf("%+v", a.Reply)
		}
	}
}

func TestStdioCarriesCommands(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	c := newStdioClient(t, t.Context())
	out := filepath.Join(folder, "int8.pth")
	var report quantizeOutput
	c.ask(stdio.Request{ID: 1, Op: "command", Args: []string{"quantize", "--calibration=" + calibration, "--limit=8", "--exclude=fc", "--output=" + out, "--", model}}).decode(t, &report)
	if report.Output != out || report.Report.Images != 8 || !exists(out) {
		t.Errorf("%+v", report)
	}
	if n := len(c.stages); n < 2 || c.stages[0] != (console.ProgressEvent{Stage: "calibrate", Unit: "inputs", Done: 0, Total: 8}) || c.stages[n-1] != (console.ProgressEvent{Stage: "calibrate", Unit: "inputs", Done: 8, Total: 8}) {
		t.Errorf("progress: %+v", c.stages)
	}
	if !slices.ContainsFunc(c.notes, func(s string) bool { return strings.HasPrefix(s, "assumed: architecture") }) {
		t.Errorf("notes: %q", c.notes)
	}
	var want, got map[string]any
	octetCommand(t, "inspect", out, "--json").must(t).decode(t, &want)
	c.ask(stdio.Request{ID: 2, Op: "command", Args: []string{"inspect", out}}).decode(t, &got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c.refuse(stdio.Request{ID: 3, Op: "command", Args: []string{"inspect", "no-such.pth"}}, nil, exit.Model, "no-such.pth")
	c.refuse(stdio.Request{ID: 4, Op: "command", Args: []string{"inspect"}}, nil, exit.Usage, "octet inspect")
	c.refuse(stdio.Request{ID: 5, Op: "command", Args: []string{"inspect", out, "--colour"}}, nil, exit.Usage, "--colour")
	c.refuse(stdio.Request{ID: 6, Op: "command", Args: []string{"inspect", "--help"}}, nil, exit.Usage, "no result")
	for _, args := range [][]string{nil, {"stdio"}, {"demo"}, {"--json", "inspect"}} {
		c.refuse(stdio.Request{ID: 7, Op: "command", Args: args}, nil, exit.Usage, "quantize, inspect")
	}
}

func TestStdioLiftsArrays(t *testing.T) {
	x := tensor.Of([]float32{-1, 0.5, 2, 4}, 2, 2)
	var file bytes.Buffer
	if err := npy.Write(&file, x); err != nil {
		t.Fatal(err)
	}
	args := []string{"--dtype=qint8", "--per-channel"}
	var want stepsDocument
	octetCommand(t, append([]string{"tensor", "-1,0.5,2,4", "--shape=2,2", "--json"}, args...)...).must(t).decode(t, &want)
	c := newStdioClient(t, t.Context())
	a := c.ask(stdio.Request{ID: 1, Op: "command", Args: append([]string{"tensor", "-"}, args...)}, file.Bytes())
	if d := cmp.Diff([]stdio.ArrayInfo{
		{Name: "values", DType: tensor.Float32, Shape: tensor.Shape{2, 2}}, {Name: "codes", DType: tensor.QInt8, Shape: tensor.Shape{2, 2}}, {Name: "dequantized", DType: tensor.Float32, Shape: tensor.Shape{2, 2}},
	}, a.Arrays); d != "" {
		t.Fatal(d)
	}
	var got stepsDocument
	a.decode(t, &got)
	if got.Codes != nil || !slices.Equal(got.Scales, want.Scales) || !bytes.Equal(a.payload[:16], x.Bytes()) {
		t.Errorf("%+v", got)
	}
	for i, code := range want.Codes {
		if int32(int8(a.payload[16+i])) != code {
			t.Errorf("code %d is %d, want %d", i, int8(a.payload[16+i]), code)
		}
	}
	// Two operands stand on standard input one behind the other.
	two := append(slices.Clone(file.Bytes()), file.Bytes()...)
	var sum struct {
		Result struct {
			Real []float32 `json:"real"`
		} `json:"result"`
	}
	c.ask(stdio.Request{ID: 2, Op: "command", Args: []string{"tensor", "-", "--op=add", "--with=-"}}, two).decode(t, &sum)
	if !slices.Equal(sum.Result.Real, []float32{-2, 1, 4, 8}) {
		t.Errorf("sum %v", sum)
	}
	c.refuse(stdio.Request{ID: 3, Op: "command", Args: []string{"tensor", "-"}}, []byte("no array"), exit.Data, "standard input")
}

func TestStdioRefusals(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	c := newStdioClient(t, t.Context())
	x := greys(t, 1)
	c.ask(stdio.Request{ID: 1, Op: "open", Session: 1, Args: []string{model}})
	run := func(dtype tensor.DType, shape ...int) stdio.Request {
		return stdio.Request{ID: 2, Op: "run", Session: 1, Tensor: &stdio.ArrayInfo{DType: dtype, Shape: shape}}
	}
	c.refuse(run(tensor.Float32, 1, 3, 28, 28), make([]byte, 3*28*28*4), exit.Data, "[1, 3, 28, 28]", "fashion_resnet8 takes float32 [N, 1, H, W]")
	c.refuse(run(tensor.UInt8, 1, 1, 28, 28), make([]byte, 28*28), exit.Data, "takes float32 [N, 1, H, W]")
	c.refuse(run(tensor.Float32, 784), x.Bytes(), exit.Data, "takes float32 [N, 1, H, W]")
	c.refuse(run(tensor.Float32, 0, 1, 28, 28), nil, exit.Data, "empty")
	c.refuse(run(tensor.Float32, 1, 1, 28, 29), x.Bytes(), exit.Usage, "3136 bytes of data do not fill float32[1, 1, 28, 29]")
	c.refuse(run(tensor.Float32, 1<<40, 1<<40), x.Bytes(), exit.Usage, "more elements than")
	c.refuse(run(tensor.Float32, 1<<30, 1<<32), x.Bytes(), exit.Usage, "do not fill")
	c.refuse(run(tensor.Float32, -1, -784), x.Bytes(), exit.Usage, "negative")
	c.refuse(run(tensor.QUInt8, 784), make([]byte, 784), exit.Usage, "scale")
	c.refuse(stdio.Request{ID: 2, Op: "run", Session: 1}, nil, exit.Usage, "tensor or images")
	c.refuse(stdio.Request{ID: 2, Op: "run", Session: 2, Tensor: infoOf(x)}, x.Bytes(), exit.Usage, "session 2 is not open")
	c.refuse(stdio.Request{ID: 2, Op: "close", Session: 2}, nil, exit.Usage, "session 2 is not open")
	c.refuse(stdio.Request{ID: 2, Op: "open", Session: 1, Args: []string{model}}, nil, exit.Usage, "different numbers")
	c.refuse(stdio.Request{ID: 2, Op: "open", Args: []string{model}}, nil, exit.Usage, "different numbers")
	c.refuse(stdio.Request{ID: 2, Op: "open", Session: 2, Args: []string{"no-such.pth"}}, nil, exit.Model, "no-such.pth")
	c.refuse(stdio.Request{ID: 2, Op: "open", Session: 2, Args: []string{model, "--threads=-1"}}, nil, exit.Usage, "--threads")
	c.refuse(stdio.Request{ID: 2, Op: "open", Session: 2, Args: []string{model, "--arch=resnet19"}}, nil, exit.Usage, "--arch")
	c.refuse(stdio.Request{ID: 2, Op: "walk"}, nil, exit.Usage, `unknown operation "walk"`)
	c.refuse(stdio.Request{Op: "close", Session: 1}, nil, exit.Usage, "above 0")
	c.refuse(stdio.Request{ID: 2, Op: "run", Session: 2, Tensor: infoOf(x)}, x.Bytes(), exit.Usage, "--arch") // why it is not open
	c.ask(stdio.Request{ID: 3, Op: "open", Session: 2, Args: []string{model}})
	c.ask(stdio.Request{ID: 4, Op: "run", Session: 2, Tensor: infoOf(x)}, x.Bytes())
	if code := c.end(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

func TestStdioCancels(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	test := wholeTest(t)
	c := newStdioClient(t, t.Context())
	out := filepath.Join(folder, "int8.pth")
	c.send(stdio.Request{ID: 1, Op: "command", Args: []string{"quantize", "--calibration=" + test, "--output=" + out, "--", model}})
	c.send(stdio.Request{ID: 99, Op: "cancel"}) // of nothing
	c.send(stdio.Request{ID: 1, Op: "cancel"})
	if a := c.answer(); a.ID != 1 || a.Error == nil || a.Error.Code != exit.Interrupted || exists(out) {
		t.Errorf("answer %+v %+v", a.Reply, a.Error)
	}
	c.ask(stdio.Request{ID: 2, Op: "command", Args: []string{"inspect", model}})
}

func TestStdioBoundsWhatIsInFlight(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	test := wholeTest(t)
	c := newStdioClient(t, t.Context())
	for id := range uint64(c.hello.InFlight) {
		c.send(stdio.Request{ID: 1 + id, Op: "command", Args: []string{"quantize", "--calibration=" + test, "--output=" + fmt.Sprintf("%s.%d", model, id), "--", model}})
	}
	c.refuse(stdio.Request{ID: 100, Op: "command", Args: []string{"inspect", model}}, nil, exit.Usage, "in flight: wait")
	c.refuse(stdio.Request{ID: 1, Op: "open", Session: 1, Args: []string{model}}, nil, exit.Usage, "different ids")
	if code := c.end(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

// The client's end breaks off what runs and leaves no half-written file.
func TestStdioEndsWithItsClient(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	test := wholeTest(t)
	before, _ := os.ReadDir(folder)
	for name, end := range map[string]func(c *stdioClient, cancel func()) int{
		"end of input": func(c *stdioClient, _ func()) int { return c.end() },
		"signal": func(c *stdioClient, cancel func()) int {
			cancel()
			return <-c.code
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		c := newStdioClient(t, ctx)
		c.send(stdio.Request{ID: 1, Op: "command", Args: []string{"quantize", "--calibration=" + test, "--output=" + filepath.Join(folder, "int8.pth"), "--", model}})
		first := <-c.replies
		code := end(c, cancel)
		cancel()
		if want := map[string]int{"end of input": exit.OK, "signal": exit.Interrupted}[name]; code != want {
			t.Errorf("%s: exit code %d, want %d", name, code, want)
		}
		for a := range c.replies {
			if a.Error != nil {
				t.Errorf("%s: an answer %+v that the client would take for the request's", name, a.Error)
			}
		}
		after, _ := os.ReadDir(folder)
		if len(after) != len(before) {
			t.Errorf("%s, after %+v: files %v", name, first.Reply, after)
		}
	}
}

func TestStdioGivesUpOnNonsense(t *testing.T) {
	r, w := io.Pipe()
	var out bytes.Buffer
	go io.WriteString(w, "Welcome to my shell\n")
	if code := run(t.Context(), []string{"stdio"}, r, &out, io.Discard); code != exit.Usage {
		t.Errorf("exit code %d", code)
	}
	answers := frame.NewReader(&out)
	var hello, last stdio.Reply
	answers.Next(&hello)
	if _, err := answers.Next(&last); err != nil || last.Error == nil || !strings.Contains(last.Error.Message, "something else writes") {
		t.Errorf("%+v, %v", last, err)
	}
}

// A client may ask for many commands: nothing of them stays in memory.
func TestStdioForgetsCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("counts memory over many commands")
	}
	x := tensor.New(tensor.Float32, 1<<16)
	var file bytes.Buffer
	if err := npy.Write(&file, x); err != nil {
		t.Fatal(err)
	}
	c := newStdioClient(t, t.Context())
	used := func(times int) uint64 {
		for range times {
			c.ask(stdio.Request{ID: 1, Op: "command", Args: []string{"tensor", "-"}}, file.Bytes())
		}
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used(5)
	if after := used(50); after > before+1<<20 {
		t.Errorf("50 commands leave %d bytes", after-before)
	}
}

func FuzzStdio(f *testing.F) {
	add := func(requests ...stdio.Request) {
		var b bytes.Buffer
		w := frame.NewWriter(&b)
		for _, q := range requests {
			w.Write(q, []byte("0123456789abcdef"))
		}
		f.Add(b.Bytes())
	}
	add(stdio.Request{ID: 1, Op: "command", Args: []string{"tensor", "1", "2"}})
	add(stdio.Request{ID: 1, Op: "open", Session: 1, Args: []string{"x.pth"}}, stdio.Request{ID: 2, Op: "run", Session: 1, Tensor: &stdio.ArrayInfo{DType: tensor.Float32, Shape: tensor.Shape{4}}})
	add(stdio.Request{ID: 1, Op: "open", Session: 1, Args: []string{"x.pth"}}, stdio.Request{ID: 2, Op: "run", Session: 1, Images: []int{10, 6}}, stdio.Request{ID: 2, Op: "cancel"}, stdio.Request{ID: 3, Op: "close", Session: 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte("quantize")) || bytes.Contains(b, []byte("zoo")) {
			return // they write files and fetch some
		}
		var out bytes.Buffer
		if code := run(t.Context(), []string{"stdio"}, bytes.NewReader(b), &out, io.Discard); code != exit.OK && code != exit.Usage {
			t.Fatalf("exit code %d", code)
		}
		answers := frame.NewReader(&out)
		for {
			var a stdio.Reply
			if _, err := answers.Next(&a); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			if a.Error != nil && a.Error.Code == exit.Internal {
				t.Fatal(a.Error.Message)
			}
		}
	})
}
