package octet

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// Session is a model compiled for this CPU. It is immutable and safe for
// concurrent use.
type Session struct {
	model  *Model
	engine engine.Engine
	finite bool     // inputs are checked
	cpu    string   // instruction sets that it was limited to; empty: all
	labels []string // of the classes; nil where they have no names
}

// Compile prepares the model for running on this CPU: kernels are chosen,
// weights packed, memory planned. Batch norms of a float model are folded into
// its convolutions, which changes the last bits of its outputs; an int8 model is
// run as it is.
func (m *Model) Compile(opts ...CompileOption) (*Session, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	o := compileRecipe(opts)
	g := m.graph
	var err error
	if !m.quantized {
		if g, _, err = rewrite.Fuse(g); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name(), err)
		}
	}
	s := &Session{model: m, finite: o.finite, cpu: o.cpu}
	s.labels, _ = m.Labels()
	if o.engine == nil {
		o.engine = compile
	}
	if s.engine, err = o.engine(g, engine.Options{Threads: o.threads, CPU: o.cpu}); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	return s, nil
}

func compileRecipe(opts []CompileOption) compileOptions {
	var o compileOptions
	for _, opt := range opts {
		opt.applyCompile(&o)
	}
	return o
}

func compile(g *graph.Graph, o engine.Options) (engine.Engine, error) {
	program, err := engine.Compile(g, o)
	if err != nil {
		return nil, err
	}
	return program.NewSession(), nil
}

// Run computes the outputs, float32 [N, classes], of inputs x, float32
// [N, C, H, W]. Of an ONNX model it takes the only input and gives the only output, of
// the types and shapes that its file declares; RunAll and RunNamed are for several.
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	held, err := s.only(x)
	if err != nil {
		return nil, err
	}
	y, err := s.engine.Run(ctx, held)
	if err != nil {
		return nil, s.named(err)
	}
	return s.declaredOutput(0, y[0])
}

// RunAll computes all outputs, in their order, of all inputs, in theirs: of an ONNX model
// those that Inputs and Outputs list.
func (s *Session) RunAll(ctx context.Context, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	d := s.model.declared
	if d == nil {
		if len(inputs) != 1 {
			return nil, fmt.Errorf("%d inputs; %s takes one", len(inputs), s.model.name())
		}
		y, err := s.Run(ctx, inputs[0])
		return []*tensor.Tensor{y}, err
	}
	if len(inputs) != len(d.inputs) {
		return nil, fmt.Errorf("%d inputs; %s takes %d: %v", len(inputs), s.model.name(), len(d.inputs), d.inputs)
	}
	held, sizes := make([]*tensor.Tensor, len(inputs)), map[string]int{}
	for i, v := range d.inputs {
		var err error
		if held[i], err = s.held(v, inputs[i], sizes); err != nil {
			return nil, err
		}
	}
	y, err := s.engine.Run(ctx, held...)
	if err != nil {
		return nil, s.named(err)
	}
	for i := range y {
		if y[i], err = s.declaredOutput(i, y[i]); err != nil {
			return nil, err
		}
	}
	return y, nil
}

// RunNamed is RunAll with names.
func (s *Session) RunNamed(ctx context.Context, inputs map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	in := s.model.takes()
	list := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		if list[i] = inputs[v.Name]; list[i] == nil {
			return nil, fmt.Errorf("input %s is missing: %s takes %v", v.Name, s.model.name(), in)
		}
	}
	if len(inputs) > len(in) {
		return nil, fmt.Errorf("%d inputs; %s takes %d: %v", len(inputs), s.model.name(), len(in), in)
	}
	y, err := s.RunAll(ctx, list...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*tensor.Tensor, len(y))
	for i, t := range y {
		out[s.outputName(i)] = t
	}
	return out, nil
}

// outputName is the name of output i.
func (s *Session) outputName(i int) string {
	if d := s.model.declared; d != nil {
		return d.outputs[i].Name
	}
	return s.model.graph.Outputs[i].Name
}

// RunTapped is Run that shows the result of every node of the graph to tap, in
// the order of computation. tap may keep what it is shown. Inside a graph numbers are
// float32, whole numbers int64: so it shows them.
func (s *Session) RunTapped(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error) {
	if tap == nil {
		return s.Run(ctx, x)
	}
	held, err := s.only(x)
	if err != nil {
		return nil, err
	}
	y, err := s.engine.RunTapped(ctx, func(v *graph.Value, t *tensor.Tensor) error { return tap(v.Node, t) }, held)
	if err != nil {
		return nil, s.named(err)
	}
	return s.declaredOutput(0, y[0])
}

// named is an error of a run with the file of the model: graphs in ONNX files bear any name.
func (s *Session) named(err error) error {
	if s.model.declared == nil || err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%s: %w", s.model.name(), err)
}

// only returns the input of a session that takes one and gives one, as its graph holds it.
func (s *Session) only(x *tensor.Tensor) (*tensor.Tensor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	d := s.model.declared
	if d == nil {
		return x, s.checkInput(x)
	}
	if err := s.single(); err != nil {
		return nil, err
	}
	return s.held(d.inputs[0], x, nil)
}

// held returns an input that a file declares as the graph holds it.
func (s *Session) held(v ValueInfo, x *tensor.Tensor, sizes map[string]int) (*tensor.Tensor, error) {
	x, err := asPixels(v.DType, x)
	if err != nil {
		return nil, fmt.Errorf("input %s %w", v.Name, err)
	}
	held, err := v.taken(x, sizes)
	if err == nil && s.finite && held.DType() == tensor.Float32 {
		if err = checkFinite(held); err != nil {
			err = fmt.Errorf("input %s: %w", v.Name, err)
		}
	}
	return held, err
}

// single refuses a model with several inputs or outputs.
func (s *Session) single() error {
	d := s.model.declared
	switch {
	case d == nil:
	case len(d.inputs) != 1:
		return fmt.Errorf("%s has %d inputs, %v: RunNamed and RunAll take them all", s.model.name(), len(d.inputs), d.inputs)
	case len(d.outputs) != 1:
		return fmt.Errorf("%s has %d outputs, %v: RunNamed and RunAll give them all", s.model.name(), len(d.outputs), d.outputs)
	}
	return nil
}

// declaredOutput returns output i with the element type that the model's file declares.
func (s *Session) declaredOutput(i int, y *tensor.Tensor) (*tensor.Tensor, error) {
	if s.model.declared == nil {
		return y, nil
	}
	v := s.model.declared.outputs[i]
	y, err := onnx.Convert(y, v.DType)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", v.Name, err)
	}
	return y, nil
}

// checkInput judges the input of a model of an architecture.
func (s *Session) checkInput(x *tensor.Tensor) error {
	if x == nil {
		return errNil("input", "Session.Inputs tells its type")
	}
	channels := s.model.Channels()
	if x.DType() != tensor.Float32 || len(x.Shape()) != 4 || x.Dim(1) != channels {
		return fmt.Errorf("the input is %v; %s takes float32 [N, %d, H, W]", x, s.model.meta.Arch, channels)
	}
	if x.Numel() == 0 {
		return fmt.Errorf("the input is empty: %v", x)
	}
	if s.finite {
		return checkFinite(x)
	}
	return nil
}
