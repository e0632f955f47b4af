package octet

import (
	"context"
	"fmt"
	"sync"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/tensor"
)

// RunInto is Run into a tensor of the caller, of the type that Outputs tells. Once the
// session has seen inputs of this size it allocates nothing.
func (s *Session) RunInto(ctx context.Context, dst, x *tensor.Tensor) error {
	if err := s.check(); err != nil {
		return err
	}
	if dst == nil {
		return errNil("tensor for the output", "Session.Outputs tells its type")
	}
	if err := s.checkInput(x); err != nil {
		return err
	}
	if compiled, ok := s.engine.(*engine.Session); ok {
		a := arguments.Get().(*runArguments)
		defer a.release()
		a.output[0], a.input[0] = dst, x
		return compiled.RunInto(ctx, a.output[:], a.input[:]...)
	}
	y, err := s.engine.Run(ctx, x)
	if err != nil {
		return err
	}
	if dst.DType() != y[0].DType() || !dst.Shape().Equal(y[0].Shape()) {
		return fmt.Errorf("the output is %v; the tensor given for it is %v", y[0], dst)
	}
	copy(dst.Float32s(), y[0].Float32s())
	return nil
}

// runArguments hold the arguments of one run, so that no slice is made for them.
type runArguments struct{ output, input [1]*tensor.Tensor }

var arguments = sync.Pool{New: func() any { return new(runArguments) }}

func (a *runArguments) release() {
	*a = runArguments{}
	arguments.Put(a)
}

// Warm computes an input of zeros of the given shape, [N, C, H, W], so that what the
// first run of a size does once, such as planning its memory, is done before a user
// waits for it.
func (s *Session) Warm(ctx context.Context, shape ...int) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := s.checkShape(shape); err != nil {
		return err
	}
	_, err := s.Run(ctx, tensor.New(tensor.Float32, shape...))
	return err
}
