package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/tensor"
)

// Session is a model compiled for this CPU. It is immutable and safe for
// concurrent use.
type Session struct {
	model  *Model
	engine engine.Engine
	finite bool     // inputs are checked
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
	s := &Session{model: m, finite: o.finite}
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
// [N, C, H, W].
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	if err := s.checkInput(x); err != nil {
		return nil, err
	}
	y, err := s.engine.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	return y[0], nil
}

// RunTapped is Run that shows the result of every node of the graph to tap, in
// the order of computation. tap may keep what it is shown.
func (s *Session) RunTapped(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error) {
	if err := s.checkInput(x); err != nil {
		return nil, err
	}
	if tap == nil {
		return s.Run(ctx, x)
	}
	y, err := s.engine.RunTapped(ctx, func(v *graph.Value, t *tensor.Tensor) error { return tap(v.Node, t) }, x)
	if err != nil {
		return nil, err
	}
	return y[0], nil
}

func (s *Session) checkInput(x *tensor.Tensor) error {
	if err := s.check(); err != nil {
		return err
	}
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
