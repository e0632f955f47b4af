package serve

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// version is a model that is loaded. It does not change, but for its counters and what trials
// found.
type version struct {
	source  Source
	session *Session
	inputs  []octet.ValueInfo
	outputs []octet.ValueInfo
	images  *preparation // of the session; nil where the model does not take images
	about   Metadata     // Versions are not in it
	warmed  bool         // a run has been made
	counts  counters
	batches atomic.Pointer[batcher] // nil where requests are not joined
}

// requestPixels is how many of the largest images a request may have the pixels of.
const requestPixels = 16

// load opens a model, compiles it and runs it once.
func (h *Host) load(ctx context.Context, s Source) (*version, error) {
	v, err := Safely(func() (*version, error) { return h.open(ctx, s) })
	if panicked, ok := err.(*PanicError); ok { // all other errors name the file
		return nil, fmt.Errorf("%s: loading it failed unexpectedly: %w", s.File, panicked)
	}
	return v, err
}

func (h *Host) open(ctx context.Context, s Source) (*version, error) {
	m, err := h.opts.Open(ctx, s.File)
	if err != nil {
		return nil, err
	}
	v := &version{source: s}
	v.counts.s.Name, v.counts.s.Version = s.Name, s.Version
	v.session, err = NewSession(m, SessionOptions{
		Threads: h.opts.Threads, Decoder: vision.Decoder{MaxPixels: h.opts.MaxPixels},
		Decoding: 1, // others compute beside it
		MaxInput: h.opts.MaxInput, MaxPixels: requestPixels * min(h.opts.MaxPixels, math.MaxInt/requestPixels),
	})
	if err != nil {
		return nil, err
	}
	if v.inputs = v.session.Inputs(); takesImages(v.inputs) {
		v.images = &v.session.images
	}
	if v.outputs, err = v.declared(); err != nil {
		return nil, err
	}
	if err := v.describe(); err != nil {
		return nil, err
	}
	return v, v.warm(ctx)
}

// declared are the outputs: as the model's file declares them, or what an image of the usual
// size gives, in which the number of images is free.
func (v *version) declared() ([]octet.ValueInfo, error) {
	if outputs, err := v.session.Outputs(); err == nil {
		return outputs, nil
	}
	shape := v.example()
	if shape == nil {
		return nil, fmt.Errorf("%s: the size of its images is not known: name a preset", v.source.File)
	}
	outputs, err := v.session.Outputs(shape[0]...)
	for _, o := range outputs {
		if len(o.Shape) > 0 {
			o.Shape[0] = -1
		}
	}
	return outputs, err
}

// describe fills in the metadata.
func (v *version) describe() error {
	v.about = Metadata{Name: v.source.Name, Platform: "octet_pytorch", Labels: v.session.labels}
	if strings.EqualFold(filepath.Ext(v.source.File), ".onnx") {
		v.about.Platform = "octet_onnx"
	}
	for _, list := range []struct {
		from []octet.ValueInfo
		to   *[]Port
	}{{v.inputs, &v.about.Inputs}, {v.outputs, &v.about.Outputs}} {
		for _, p := range list.from {
			name := DatatypeOf(p.DType)
			if name == "" {
				return fmt.Errorf("%s: %v: the protocol has no datatype for %v", v.source.File, p, p.DType)
			}
			*list.to = append(*list.to, Port{p.Name, name, slices.Clone(p.Shape)})
		}
	}
	return nil
}

// example are shapes of inputs with which the model is tried; nil where they are not known.
func (v *version) example() []tensor.Shape {
	var shapes []tensor.Shape
	for _, in := range v.inputs {
		shape := in.Shape.Clone()
		if len(shape) > 0 && shape[0] < 0 {
			shape[0] = 1
		}
		if v.images != nil && (shape == nil || slices.Contains(shape, -1)) {
			prepared, ok := v.images.shape(1)
			if !ok || shape != nil && !fits(prepared, shape) {
				return nil
			}
			shape = prepared
		}
		if shape == nil || slices.ContainsFunc(shape, func(n int) bool { return n < 0 }) {
			return nil
		}
		if n, err := shape.CheckedNumel(); err != nil || n > maxExample {
			return nil
		}
		shapes = append(shapes, shape)
	}
	return shapes
}

// maxExample bounds the elements of an input with which a model is tried.
const maxExample = 1 << 26

// fits reports whether a shape is one of those that have -1 where any extent is taken.
func fits(shape, pattern tensor.Shape) bool {
	if len(shape) != len(pattern) {
		return false
	}
	for i, n := range pattern {
		if n >= 0 && n != shape[i] {
			return false
		}
	}
	return true
}

// warm runs the model once on zeros, so that the first request does not wait for what is done
// once, and a model that cannot compute is not called ready. A model whose inputs have free
// sizes is not tried: nobody knows which ones it can take.
func (v *version) warm(ctx context.Context) error {
	shapes := v.example()
	if shapes == nil && len(v.inputs) > 0 {
		return nil
	}
	inputs := make([]*tensor.Tensor, len(shapes))
	for i, s := range shapes {
		inputs[i] = tensor.New(v.inputs[i].DType, s...)
	}
	if _, err := v.run(ctx, inputs); err != nil {
		return fmt.Errorf("%s: its first run, on zeros: %w", v.source.File, err)
	}
	v.warmed = true
	return nil
}

// run computes all outputs. A panic becomes a *PanicError: other requests survive it.
func (v *version) run(ctx context.Context, inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return Safely(func() ([]*tensor.Tensor, error) { return v.session.RunAll(ctx, inputs...) })
}
