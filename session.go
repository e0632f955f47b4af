package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Session is a model compiled for this CPU. It is immutable and safe for
// concurrent use.
type Session struct {
	model *Model
	run   func(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error)
}

// Compile prepares the model for running on this CPU: kernels are chosen,
// weights packed, memory planned.
func (m *Model) Compile(opts ...CompileOption) (*Session, error) {
	var o compileOptions
	for _, opt := range opts {
		opt.applyCompile(&o)
	}
	run, err := compileGraph(m.graph, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	return &Session{model: m, run: run}, nil
}

// Run computes the outputs, float32 [N, classes], of inputs x, float32
// [N, C, H, W].
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	return s.RunTapped(ctx, x, nil)
}

// RunTapped is Run that shows the result of every node of the graph to tap, in
// the order of computation. tap must not keep or change what it is shown.
func (s *Session) RunTapped(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error) {
	if err := s.checkInput(x); err != nil {
		return nil, err
	}
	return s.run(ctx, x, tap)
}

func (s *Session) checkInput(x *tensor.Tensor) error {
	channels := s.model.Channels()
	if x.DType() != tensor.Float32 || len(x.Shape()) != 4 || x.Dim(1) != channels {
		return fmt.Errorf("the input is %v; %s takes float32 [N, %d, H, W]", x, s.model.meta.Arch, channels)
	}
	if x.Numel() == 0 {
		return fmt.Errorf("the input is empty: %v", x)
	}
	return nil
}
