package serve

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// joining is a host of the demo's network that joins requests, whatever a measurement says.
func joining(t *testing.T, threads, most int) (*Host, *version) {
	t.Helper()
	h := newHost(t, Options{Paths: []string{demo}, Threads: threads})
	v, err := h.find("fashion_resnet8", "")
	if err != nil {
		t.Fatal(err)
	}
	jobs := v.trial(most)
	if jobs == nil || !h.sameBytes(t.Context(), v, jobs) {
		t.Fatal("a batch does not have the bytes of its parts")
	}
	v.batches.Store(&batcher{like: jobs[0].inputs, most: most})
	return h, v
}

// digits is a random input for it.
func digits(t *testing.T, n int) Input {
	t.Helper()
	x, r := tensor.New(tensor.Float32, n, 1, 28, 28), testseed.Rand(t)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return Input{Name: "x", Data: x}
}

// Requests that wait are computed together, those that have left are not, and each answer has
// the bytes of its own request.
func TestBatches(t *testing.T) {
	const most, clients = 4, 10
	h, v := joining(t, 1, most)
	inputs := make([]Input, clients)
	want := make([][]byte, clients)
	infer := func(ctx context.Context, in Input) ([]byte, error) {
		r, err := h.Infer(ctx, "fashion_resnet8", "", &Request{Inputs: []Input{in}})
		if err != nil {
			return nil, err
		}
		return r.Outputs[0].Raw(), nil
	}
	for i := range inputs {
		inputs[i] = digits(t, 1+i/9) // the last is two at once, which is computed alone
		var err error
		if want[i], err = infer(t.Context(), inputs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.gate.enter(t.Context(), nil); err != nil { // a request that computes
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	var waits sync.WaitGroup
	for i := range inputs {
		waits.Go(func() {
			if got, err := infer(t.Context(), inputs[i]); err != nil || !bytes.Equal(got, want[i]) {
				t.Errorf("request %d: other bytes, %v", i, err)
			}
		})
	}
	var left sync.WaitGroup
	for range 3 {
		left.Go(func() {
			_, err := infer(gone, inputs[0])
			refuses(t, err, Canceled, "gone")
		})
	}
	for h.Queued() < clients+3 {
		time.Sleep(time.Millisecond)
	}
	leave()
	left.Wait()
	h.gate.leave(time.Millisecond)
	waits.Wait()
	list, err := h.Statistics("fashion_resnet8", "1")
	if err != nil {
		t.Fatal(err)
	}
	s := list[0]
	alone := uint64(clients) // before
	if s.Inferences != 2*(clients+1) || s.Success.Count != 2*clients || s.Executions >= alone+clients-2 || s.Executions < alone+4 {
		t.Errorf("%+v", s)
	}
	if i := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Size == most }); i < 0 || s.Batches[i].Infer.Count == 0 {
		t.Errorf("no batch of %d: %+v", most, s.Batches)
	}
	if b := v.batches.Load(); len(b.pending) > 0 || len(h.gate.slots) > 0 || h.Queued() > 0 {
		t.Errorf("%d jobs, %d slots and %d requests are left", len(b.pending), len(h.gate.slots), h.Queued())
	}
}

// Under many clients, some of which leave, answers are those of the requests.
func TestBatchesUnderLoad(t *testing.T) {
	h, v := joining(t, 2, 4)
	h.gate.limit = 64
	var clients sync.WaitGroup
	for c := range 16 {
		in := digits(t, 1)
		in.Data = in.Data.Clone()
		in.Data.Float32s()[0] = float32(c)
		r, err := h.Infer(t.Context(), "fashion_resnet8", "", &Request{Inputs: []Input{in}})
		if err != nil {
			t.Fatal(err)
		}
		want := r.Outputs[0].Raw()
		clients.Go(func() {
			for i := range 30 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					go cancel()
				}
				r, err := h.Infer(ctx, "fashion_resnet8", "", &Request{Inputs: []Input{in}})
				if e := AsError(err); e != nil && (e.Code != Canceled || i%3 != 0) || e == nil && !bytes.Equal(r.Outputs[0].Raw(), want) {
					t.Errorf("client %d: other bytes, %v", c, err)
				}
				cancel()
			}
		})
	}
	clients.Wait()
	if b := v.batches.Load(); len(b.pending) > 0 || len(h.gate.slots) > 0 || h.Queued() > 0 {
		t.Errorf("%d jobs, %d slots and %d requests are left", len(b.pending), len(h.gate.slots), h.Queued())
	}
}

// A batch that fails is computed one by one: each request has its own error, or none.
func TestBatchesThatFail(t *testing.T) {
	x := func(v float32) []*tensor.Tensor { return []*tensor.Tensor{tensor.Of([]float32{v}, 1, 1)} }
	var jobs []*job
	for _, v := range []float32{1, 2, 3} {
		jobs = append(jobs, &job{ctx: t.Context(), inputs: x(v), taken: make(chan struct{}), done: make(chan struct{})})
	}
	runTogether(func(_ context.Context, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
		for _, v := range in[0].Float32s() {
			if v == 2 {
				return Safely(func() ([]*tensor.Tensor, error) { panic("two") })
			}
		}
		return in, nil
	}, jobs)
	for i, j := range jobs {
		var panicked *PanicError
		y, err := j.wait(t.Context(), &Outcome{})
		switch {
		case i == 1 && (!errors.As(err, &panicked) || panicked.Value != "two"):
			t.Error(err)
		case i != 1 && (err != nil || y[0].Float32s()[0] != float32(i+1)):
			t.Errorf("request %d: %v, %v", i, y, err)
		}
	}
	// Nobody waits any more: the computation is told so.
	ctx, cancel := context.WithCancel(t.Context())
	for _, j := range jobs {
		j.ctx, j.done = ctx, make(chan struct{})
	}
	runTogether(func(ctx context.Context, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}, jobs)
	if !errors.Is(jobs[0].err, context.Canceled) {
		t.Error(jobs[0].err)
	}
}

// Models whose rows depend on each other, or that fix the size of a batch, are not joined.
func TestBatchesOfOtherBytes(t *testing.T) {
	folder := t.TempDir()
	model := func(n any, node onnxtest.Part) []byte {
		return onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, n, 2), onnxtest.Output("y", onnxtest.Float32, n, 2), node)
	}
	put(t, filepath.Join(folder, "rows.onnx"), model("N", onnxtest.Node("Softmax", []string{"x"}, []string{"y"}, onnxtest.AttrInt("axis", 1))), 0)
	put(t, filepath.Join(folder, "columns.onnx"), model("N", onnxtest.Node("Softmax", []string{"x"}, []string{"y"}, onnxtest.AttrInt("axis", 0))), 0)
	put(t, filepath.Join(folder, "fixed.onnx"), model(1, onnxtest.Node("Relu", []string{"x"}, []string{"y"})), 0)
	h := newHost(t, Options{Paths: []string{folder}, Threads: 2})
	for name, want := range map[string]bool{"rows": true, "columns": false, "fixed": false} {
		v, err := h.find(name, "")
		if err != nil {
			t.Fatal(err)
		}
		jobs := v.trial(4)
		if got := jobs != nil && h.sameBytes(t.Context(), v, jobs); got != want {
			t.Errorf("%s: joined %v", name, got)
		}
	}
}

// The measurement ends, and gives back what it took.
func TestTryBatches(t *testing.T) {
	h := newHost(t, Options{Paths: []string{demo}, Threads: 2, MaxBatch: 5})
	v, err := h.find("fashion_resnet8", "")
	if err != nil {
		t.Fatal(err)
	}
	h.tryBatches(t.Context(), v)
	if b := v.batches.Load(); b != nil && b.most != 4 {
		t.Errorf("batches of %d", b.most)
	}
	if s := v.counts.snapshot(); s.Executions != 0 {
		t.Errorf("%+v", s)
	}
}
