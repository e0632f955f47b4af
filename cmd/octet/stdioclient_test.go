package main

import (
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/stdio"
	"github.com/octet-ml/octet/internal/frame"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// stdioClient talks to a host in this process.
type stdioClient struct {
	t       *testing.T
	w       *frame.Writer
	pipe    io.Closer
	hello   stdio.Hello
	replies chan Answer
	code    chan int
	notes   []string
	stages  []console.ProgressEvent
}

type Answer struct {
	stdio.Reply
	payload []byte
}

func newStdioClient(t *testing.T, ctx context.Context) *stdioClient {
	t.Helper()
	in, requests := io.Pipe()
	answers, out := io.Pipe()
	c := &stdioClient{t: t, w: frame.NewWriter(requests), pipe: requests, replies: make(chan Answer, 100), code: make(chan int, 1)}
	go func() {
		c.code <- run(ctx, []string{"stdio"}, in, out, io.Discard)
		out.Close()
	}()
	go func() {
		defer close(c.replies)
		r := frame.NewReader(answers)
		for {
			var a Answer
			if _, err := r.Next(&a.Reply); err != nil {
				return
			}
			a.payload, _ = io.ReadAll(r)
			c.replies <- a
		}
	}()
	t.Cleanup(func() { requests.Close() })
	a := <-c.replies
	if a.Hello == nil {
		t.Fatalf("the first frame is %+v", a)
	}
	c.hello = *a.Hello
	return c
}

func (c *stdioClient) send(q stdio.Request, payload ...[]byte) {
	c.t.Helper()
	if err := c.w.Write(q, payload...); err != nil {
		c.t.Fatal(err)
	}
}

// answer waits for the next answer and keeps the events before it.
func (c *stdioClient) answer() Answer {
	c.t.Helper()
	for a := range c.replies {
		switch {
		case a.Progress != nil:
			c.stages = append(c.stages, *a.Progress)
		case a.Note != "":
			c.notes = append(c.notes, a.Note)
		default:
			return a
		}
	}
	c.t.Fatal("the conversation has ended")
	return Answer{}
}

// ask sends a request and returns its answer, which must be no error.
func (c *stdioClient) ask(q stdio.Request, payload ...[]byte) Answer {
	c.t.Helper()
	c.send(q, payload...)
	a := c.answer()
	if a.ID != q.ID || a.Error != nil {
		c.t.Fatalf("request %d: answer %+v %+v", q.ID, a.Reply, a.Error)
	}
	return a
}

// refuse sends a request that must fail.
func (c *stdioClient) refuse(q stdio.Request, payload []byte, code int, parts ...string) {
	c.t.Helper()
	c.send(q, payload)
	a := c.answer()
	if a.ID != q.ID || a.Error == nil || a.Error.Code != code {
		c.t.Fatalf("request %+v: answer %+v, error %+v; want exit code %d", q, a.Reply, a.Error, code)
	}
	for _, p := range parts {
		if !strings.Contains(a.Error.Message, p) {
			c.t.Errorf("the error does not say %q: %s", p, a.Error.Message)
		}
	}
}

// end closes the client's side and returns the exit code.
func (c *stdioClient) end() int {
	c.pipe.Close()
	return <-c.code
}

func (a Answer) decode(t *testing.T, into any) {
	t.Helper()
	at := 0
	for _, x := range a.Arrays {
		at += x.Shape.Numel() * x.DType.Size()
	}
	if err := json.Unmarshal(a.payload[at:], into); err != nil {
		t.Fatalf("%v: %s", err, a.payload[at:])
	}
}

// greys is random images for the demo's model.
func greys(t *testing.T, n int) *tensor.Tensor {
	t.Helper()
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, n, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}

// greyPNG is a random image for the demo's model.
func greyPNG(t *testing.T) string {
	t.Helper()
	r, m := testseed.Rand(t), image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "grey.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func infoOf(x *tensor.Tensor) *stdio.ArrayInfo {
	return &stdio.ArrayInfo{DType: x.DType(), Shape: x.Shape()}
}
