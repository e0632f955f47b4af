package serve

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// batcher joins requests for one version that wait for a thread at the same time: the one that
// gets a thread takes others along. None waits for others to come.
type batcher struct {
	like []*tensor.Tensor // inputs of the type and shape that are joined
	most int              // requests in a computation, a power of two

	mu      sync.Mutex
	pending []*job // in the order in which they came
}

// job is a request that may be computed with others.
type job struct {
	ctx    context.Context
	inputs []*tensor.Tensor
	taken  chan struct{} // closed when another request's goroutine computes it
	done   chan struct{} // closed when that has set what follows

	outputs []*tensor.Tensor
	took    time.Duration
	err     error
}

// errTaken says that another request computes this one.
var errTaken = errors.New("taken along")

// offer lets another request take this one along. It returns nil where that cannot be.
func (b *batcher) offer(ctx context.Context, inputs []Input) *job {
	if b == nil {
		return nil
	}
	j := &job{ctx: ctx, taken: make(chan struct{}), done: make(chan struct{})}
	for i, in := range inputs {
		if in.Data == nil || in.Data.DType() != b.like[i].DType() || !in.Data.Shape().Equal(b.like[i].Shape()) {
			return nil
		}
		j.inputs = append(j.inputs, in.Data)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(b.pending, j)
	return j
}

// withdraw ends an offer.
func (b *batcher) withdraw(j *job) {
	if j == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = slices.DeleteFunc(b.pending, func(other *job) bool { return other == j })
}

// take is the jobs that one which has got a thread computes, itself the first of them: its part
// of those that wait, as the other threads take theirs. It is nil where another has taken it.
func (b *batcher) take(j *job, threads int) []*job {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.pending, j) {
		return nil
	}
	n, part := 1, (len(b.pending)+threads-1)/threads
	for 2*n <= min(part, b.most) { // few sizes: each has memory of its own
		n *= 2
	}
	all, rest := []*job{j}, []*job{}
	for _, other := range b.pending {
		switch {
		case other == j:
		case len(all) < n && other.ctx.Err() == nil:
			all = append(all, other)
			close(other.taken)
		default:
			rest = append(rest, other)
		}
	}
	b.pending = rest
	return all
}

// others is closed when another request computes this one; never where there is no job.
func (j *job) others() <-chan struct{} {
	if j == nil {
		return nil
	}
	return j.taken
}

// wait returns what another request has computed.
func (j *job) wait(ctx context.Context, o *Outcome) ([]*tensor.Tensor, error) {
	select {
	case <-j.done:
		o.Infer, o.Batch = j.took, 1
		return j.outputs, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// runTogether computes jobs as one batch, and each alone where that fails, so that none has
// another's error. It ends early when nobody waits for an answer any more.
func runTogether(run func(context.Context, []*tensor.Tensor) ([]*tensor.Tensor, error), jobs []*job) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(jobs[0].ctx))
	defer cancel()
	var waiting atomic.Int64
	waiting.Store(int64(len(jobs)))
	for _, j := range jobs {
		stop := context.AfterFunc(j.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel()
			}
		})
		defer stop()
	}
	begun := time.Now()
	outputs, err := run(ctx, joined(jobs))
	if err == nil && !haveRows(outputs, len(jobs)) {
		err = errors.New("other outputs than one of each input") // of data that the trial had not
	}
	for at, j := range jobs {
		switch {
		case err == nil:
			for _, y := range outputs {
				j.outputs = append(j.outputs, y.Rows(at, at+1))
			}
		case ctx.Err() != nil:
			j.err = ctx.Err()
		default:
			j.outputs, j.err = run(j.ctx, j.inputs)
		}
		j.took = time.Since(begun)
		close(j.done)
	}
}

// haveRows reports whether outputs have so many rows.
func haveRows(outputs []*tensor.Tensor, n int) bool {
	return !slices.ContainsFunc(outputs, func(y *tensor.Tensor) bool { return len(y.Shape()) == 0 || y.Dim(0) != n })
}

// joined are the inputs of jobs as one batch.
func joined(jobs []*job) []*tensor.Tensor {
	inputs := make([]*tensor.Tensor, len(jobs[0].inputs))
	for i := range inputs {
		var parts []*tensor.Tensor
		for _, j := range jobs {
			parts = append(parts, j.inputs[i])
		}
		inputs[i] = tensor.JoinRows(parts...)
	}
	return inputs
}

// leastGain is how many times as much of a batch a thread must compute than one by one, for
// requests to be joined.
const leastGain = 1.1

// tryBatches finds out whether to join requests for a version: where a batch has the same bytes
// as its parts, and a thread of this machine computes it faster. It computes beside requests, as
// one of them.
func (h *Host) tryBatches(ctx context.Context, v *version) {
	b := &batcher{most: 1}
	for 2*b.most <= h.opts.MaxBatch {
		b.most *= 2
	}
	jobs := v.trial(b.most)
	if jobs == nil {
		return
	}
	b.like = jobs[0].inputs
	gain := 0.0
	if h.sameBytes(ctx, v, jobs) {
		const rounds = 5
		one, many := time.Duration(0), time.Duration(0)
		for range rounds {
			for _, t := range []struct {
				best   *time.Duration
				inputs []*tensor.Tensor
			}{{&one, jobs[0].inputs}, {&many, joined(jobs)}} {
				if _, took, err := h.alone(ctx, v, t.inputs); err != nil {
					return
				} else if *t.best == 0 || took < *t.best {
					*t.best = took
				}
			}
		}
		gain = float64(one) * float64(b.most) / float64(many)
	}
	if gain >= leastGain {
		v.batches.Store(b)
	}
	h.opts.Log.Info("batches were tried", "model", v.source.Name, "version", v.source.Version, "size", b.most, "gain", gain, "joined", gain >= leastGain)
}

// trial are random requests of one input each; nil where requests of the model cannot be joined.
func (v *version) trial(n int) []*job {
	shapes := v.example()
	free := func(shape tensor.Shape) bool { return shape == nil || len(shape) > 0 && shape[0] < 0 }
	if shapes == nil || n < 2 {
		return nil
	}
	for _, out := range v.outputs {
		if !free(out.Shape) {
			return nil
		}
	}
	r := rand.New(rand.NewPCG(1, 1)) // the same on every machine
	jobs := make([]*job, n)
	for i := range jobs {
		jobs[i] = &job{}
		for k, in := range v.inputs {
			x := tensor.New(in.DType, shapes[k]...)
			switch {
			case !free(in.Shape) || shapes[k][0] != 1:
				return nil
			case in.DType == tensor.Float32:
				for e := range x.Float32s() {
					x.Float32s()[e] = float32(r.NormFloat64())
				}
			case in.DType == tensor.UInt8:
				for e := range x.Uint8s() {
					x.Uint8s()[e] = uint8(r.Uint32())
				}
			default: // which numbers make sense is not known
				return nil
			}
			jobs[i].inputs = append(jobs[i].inputs, x)
		}
	}
	return jobs
}

// sameBytes reports whether batches of all sizes that are joined give what their parts do.
func (h *Host) sameBytes(ctx context.Context, v *version, jobs []*job) bool {
	for _, j := range jobs {
		var err error
		if j.outputs, _, err = h.alone(ctx, v, j.inputs); err != nil {
			return false
		}
	}
	for n := 2; n <= len(jobs); n *= 2 {
		outputs, _, err := h.alone(ctx, v, joined(jobs[:n]))
		if err != nil || !haveRows(outputs, n) {
			return false
		}
		for i, y := range outputs {
			for at, j := range jobs[:n] {
				if !bytes.Equal(y.Rows(at, at+1).Bytes(), j.outputs[i].Bytes()) {
					return false
				}
			}
		}
	}
	return true
}

// alone computes on one thread, as requests do when there are enough of them.
func (h *Host) alone(ctx context.Context, v *version, inputs []*tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) {
	if err := h.gate.enter(ctx, nil); err != nil {
		return nil, 0, err
	}
	defer h.gate.giveBack()
	for range h.opts.Threads - 1 {
		h.pool.Enter()
		defer h.pool.Leave()
	}
	begun := time.Now()
	outputs, err := v.run(ctx, inputs)
	return outputs, time.Since(begun), err
}
