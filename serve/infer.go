package serve

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

// Infer computes a request with a version of a model; an empty version is the newest one. It
// waits while other requests compute, until ctx ends or the request's time is over. The error
// is an *Error.
func (h *Host) Infer(ctx context.Context, model, number string, q *Request) (*Response, error) {
	begun := time.Now()
	if q.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, q.Timeout)
		defer cancel()
	}
	o := Outcome{Model: model}
	v, err := h.find(model, number)
	var r *Response
	if err == nil {
		o.Version = v.source.Version
		r, err = h.answer(ctx, v, q, &o)
	}
	o.Total = time.Since(begun)
	if err := h.count(v, o, err); err != nil {
		return nil, err
	}
	return r, nil
}

// Admit is the error with which Infer would refuse any request for a version now, since it is
// not served or too many wait; nil where it would not. A transport asks it before it reads what
// a client sends: to read and decode what is refused then would take time from what computes. A
// refusal counts as a request.
func (h *Host) Admit(model, number string) error {
	v, err := h.find(model, number)
	if err == nil {
		err = h.gate.full()
	}
	if err == nil {
		return nil
	}
	o := Outcome{Model: model}
	if v != nil {
		o.Version = v.source.Version
	}
	return h.count(v, o, err)
}

// count adds a request that has ended to the statistics, and returns its error as an *Error.
func (h *Host) count(v *version, o Outcome, err error) error {
	if o.Err = AsError(err); v != nil {
		v.counts.add(o)
	} else if o.Err.Code == NotFound {
		o.Model = "" // names that clients make up are not counted apart
	}
	if h.opts.Observe != nil {
		h.opts.Observe(o)
	}
	if o.Err != nil {
		return o.Err
	}
	return nil
}

// answer checks a request, waits for its turn and computes it.
func (h *Host) answer(ctx context.Context, v *version, q *Request, o *Outcome) (*Response, error) {
	inputs, err := v.arrange(q.Inputs)
	if err != nil {
		return nil, err
	}
	wanted, err := v.wanted(q.Outputs)
	if err != nil {
		return nil, err
	}
	results, err := h.compute(ctx, v, inputs, o)
	if err != nil {
		return nil, err
	}
	finished := time.Now()
	r := &Response{Model: v.source.Name, Version: v.source.Version, ID: q.ID}
	for _, w := range wanted {
		y := results[w.at]
		out := Output{Name: w.Name, Data: y, Shape: y.Shape()}
		if w.Classes > 0 {
			if out, err = classified(w.Name, y, w.Classes, v.session.labels); err != nil {
				return nil, err
			}
		}
		r.Outputs = append(r.Outputs, out)
	}
	o.Output = time.Since(finished)
	return r, nil
}

// compute waits for a thread and computes all outputs, of other requests too where they are
// joined; or another request does it.
func (h *Host) compute(ctx context.Context, v *version, inputs []Input, o *Outcome) ([]*tensor.Tensor, error) {
	b := v.batches.Load()
	j := b.offer(ctx, inputs)
	waited := time.Now()
	h.pool.Enter() // the thread that it waits for is not to be lent, not even between two requests
	err := h.gate.enter(ctx, j.others())
	h.pool.Leave()
	o.Queue = time.Since(waited)
	var jobs []*job
	if err == nil && j != nil {
		if jobs = b.take(j, h.opts.Threads); jobs == nil {
			h.gate.giveBack()
			err = errTaken
		}
	}
	switch {
	case errors.Is(err, errTaken):
		outputs, err := j.wait(ctx, o)
		return outputs, h.failure(ctx, v, o, err)
	case err != nil:
		b.withdraw(j)
		return nil, err
	}
	entered := time.Now()
	defer func() { h.gate.leave(time.Since(entered) / time.Duration(max(1, len(jobs)))) }()
	if len(jobs) > 1 {
		o.Execution = len(jobs)
		runTogether(v.run, jobs)
		outputs, err := j.wait(ctx, o)
		return outputs, h.failure(ctx, v, o, err)
	}
	tensors, err := h.tensors(ctx, v, inputs)
	o.Input = time.Since(entered)
	if err != nil {
		return nil, h.failure(ctx, v, o, err)
	}
	started := time.Now()
	outputs, err := v.run(ctx, tensors)
	o.Infer, o.Batch = time.Since(started), batchOf(tensors)
	o.Execution = o.Batch
	return outputs, h.failure(ctx, v, o, err)
}

// failure is the error of a computation as the client is told it.
func (h *Host) failure(ctx context.Context, v *version, o *Outcome, err error) error {
	var said *Error
	var panicked *PanicError
	switch {
	case err == nil, errors.As(err, &said):
		return err
	case errors.As(err, &panicked):
		o.Panicked = true
		h.opts.Log.Error("computing panicked", "model", v.source.Name, "version", v.source.Version, "error", err.Error())
		return Errorf(Internal, "computing failed unexpectedly: the server's log says where")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return Errorf(Invalid, "%v", err)
}

// batchOf is how many inputs are computed at a time.
func batchOf(inputs []*tensor.Tensor) int {
	if len(inputs) == 0 || len(inputs[0].Shape()) == 0 {
		return 1
	}
	return inputs[0].Dim(0)
}

// arrange brings the inputs of a request into the order of the model's.
func (v *version) arrange(given []Input) ([]Input, error) {
	ordered := make([]Input, len(v.inputs))
	seen := make([]bool, len(v.inputs))
	for _, in := range given {
		i := slices.IndexFunc(v.inputs, func(p octet.ValueInfo) bool { return p.Name == in.Name })
		if i < 0 {
			return nil, Errorf(Invalid, "model %s has no input %q: it has %v", v.source.Name, in.Name, names(v.inputs))
		}
		if seen[i] {
			return nil, Errorf(Invalid, "input %q is given twice", in.Name)
		}
		seen[i] = true
		if err := v.check(v.inputs[i], in); err != nil {
			return nil, err
		}
		ordered[i] = in
	}
	if i := slices.Index(seen, false); i >= 0 {
		return nil, Errorf(Invalid, "input %q is missing: model %s takes %v", v.inputs[i].Name, v.source.Name, v.inputs)
	}
	return ordered, nil
}

// check compares an input with what the model takes.
func (v *version) check(p octet.ValueInfo, in Input) error {
	if in.Data == nil {
		if v.images == nil {
			return Errorf(Invalid, "input %s takes %v; BYTES, which are image files, are for a single input of images", p.Name, p)
		}
		if len(in.Shape) != 1 || in.Shape[0] != len(in.Images) {
			return Errorf(Invalid, "input %s: %d image files of shape %v; [N] is expected", p.Name, len(in.Images), in.Shape)
		}
		if len(in.Images) == 0 {
			return Errorf(Invalid, "input %s: no image file is given", p.Name)
		}
		return nil
	}
	x := in.Data
	pixels := v.images != nil && p.DType == tensor.UInt8 && x.DType() == tensor.Float32 // prepared images
	if x.DType() != p.DType && !pixels {
		return Errorf(Invalid, "input %s is %s; the model takes %s", p.Name, DatatypeOf(x.DType()), DatatypeOf(p.DType))
	}
	if p.Shape != nil && !fits(x.Shape(), p.Shape) {
		return Errorf(Invalid, "input %s has shape %v; the model takes %v, in which -1 is any size", p.Name, []int(x.Shape()), []int(p.Shape))
	}
	if x.Numel() == 0 {
		return Errorf(Invalid, "input %s has shape %v, which is empty", p.Name, []int(x.Shape()))
	}
	return nil
}

func names(list []octet.ValueInfo) (all []string) {
	for _, p := range list {
		all = append(all, p.Name)
	}
	return all
}

// wantedOutput is a requested output and its place among the model's.
type wantedOutput struct {
	Requested
	at int
}

// wanted finds the outputs that a request asks for.
func (v *version) wanted(list []Requested) ([]wantedOutput, error) {
	var found []wantedOutput
	if list == nil {
		for i, p := range v.outputs {
			found = append(found, wantedOutput{Requested{Name: p.Name}, i})
		}
		return found, nil
	}
	for _, q := range list {
		i := slices.IndexFunc(v.outputs, func(p octet.ValueInfo) bool { return p.Name == q.Name })
		if i < 0 {
			return nil, Errorf(Invalid, "model %s has no output %q: it has %v", v.source.Name, q.Name, names(v.outputs))
		}
		if slices.ContainsFunc(found, func(w wantedOutput) bool { return w.at == i }) {
			return nil, Errorf(Invalid, "output %q is asked for twice", q.Name)
		}
		if q.Classes < 0 {
			return nil, Errorf(Invalid, "output %q: %d classes are asked for", q.Name, q.Classes)
		}
		found = append(found, wantedOutput{q, i})
	}
	return found, nil
}

// tensors are the inputs as the session takes them: image files are decoded and prepared.
func (h *Host) tensors(ctx context.Context, v *version, inputs []Input) (all []*tensor.Tensor, err error) {
	for _, in := range inputs {
		x := in.Data
		if x == nil {
			if x, err = h.prepare(ctx, v, in.Images); err != nil {
				return nil, err
			}
		}
		all = append(all, x)
	}
	return all, nil
}

// prepare makes a batch of image files. That takes a thread, which computations beside it must
// not take, too.
func (h *Host) prepare(ctx context.Context, v *version, images [][]byte) (*tensor.Tensor, error) {
	h.pool.Enter()
	defer h.pool.Leave()
	if _, _, err := v.session.Preset(); err != nil {
		return nil, Errorf(Invalid, "image files: %v", err)
	}
	x, err := Safely(func() (*tensor.Tensor, error) { return v.session.Prepare(ctx, images) })
	return x, imageFailure(err)
}
