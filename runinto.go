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
	held, err := s.only(x)
	if err != nil {
		return err
	}
	if compiled, ok := s.engine.(*engine.Session); ok && s.computes(dst.DType()) {
		a := arguments.Get().(*runArguments)
		defer a.release()
		a.output[0], a.input[0] = dst, held
		return s.named(compiled.RunInto(ctx, a.output[:], a.input[:]...))
	}
	all, err := s.engine.Run(ctx, held)
	if err != nil {
		return s.named(err)
	}
	y, err := s.declaredOutput(0, all[0])
	if err != nil {
		return err
	}
	if dst.DType() != y.DType() || !dst.Shape().Equal(y.Shape()) {
		return fmt.Errorf("the output is %v; the tensor given for it is %v", y, dst)
	}
	return dst.Refill(func(raw []byte) error {
		copy(raw, y.Bytes())
		return nil
	})
}

// computes reports whether the graph gives an output of this type itself, without a
// conversion behind it.
func (s *Session) computes(d tensor.DType) bool {
	return s.model.declared == nil || s.model.graph.Outputs[0].Type.DType == d && s.model.declared.outputs[0].DType == d
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
// waits for it. A model with several inputs is warmed by a run of them.
func (s *Session) Warm(ctx context.Context, shape ...int) error {
	if err := s.check(); err != nil {
		return err
	}
	dtype := tensor.Float32
	if d := s.model.declared; d != nil {
		if len(d.inputs) != 1 {
			return fmt.Errorf("%s has %d inputs, %v, and one shape is given: call RunNamed once with tensors of zeros", s.model.name(), len(d.inputs), d.inputs)
		}
		dtype = d.inputs[0].DType
	} else if err := s.checkShape(shape); err != nil {
		return err
	}
	if _, err := tensor.Shape(shape).CheckedNumel(); err != nil {
		return err
	}
	_, err := s.RunAll(ctx, tensor.New(dtype, shape...))
	return err
}
