package autodiff

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
)

// value is an activation of a step: its data and, if it depends on a trained parameter,
// its gradient. Both are [rows][channels].
type value struct {
	name       string
	shape      tensor.Shape // [N, C, H, W] or [N, C]
	rows       int          // pixels of all images
	channels   int
	data, grad *buffer
	trained    bool // has a gradient
	readers    []*reader
}

// reader is a cell's use of a value. The last one in the order of computation is the first
// in the backward pass, and sets the value's gradient; the others add to it.
type reader struct {
	v    *value
	cell int
	add  bool
}

// cell computes a value, or several, from others.
type cell interface {
	// forward computes the result.
	forward() error
	// backward computes the gradients of what it was computed from, from that of
	// the result, and those of its parameters.
	backward() error
	// replay does what forward does for backward, except that the result is given.
	replay() error
}

// Step is a program for inputs of one shape. It is used by one goroutine at a
// time.
type Step struct {
	p          *Program
	shape      tensor.Shape
	memory     memory
	cells      []cell
	names      []string
	input      *value
	output     *value
	values     map[string]*value // by the name of the node that the graph has for it
	last       map[string]int    // the last cell of a node
	recomputed map[int][]*finish // whose results are recomputed before the gradient of the cell of that number
	spare      []byte            // a mask that nobody looks at
	work       []matmul32.Work
	pad        []float32
}

// Shape is that of the input.
func (s *Step) Shape() tensor.Shape { return s.shape }

// Bytes is the memory of the step: activations, gradients and all that is kept
// between forward and backward.
func (s *Step) Bytes() int { return s.memory.bytes }

// Forward runs the graph on x, float32 [N, C, H, W], and returns its output,
// [N, classes], which is valid until the next call.
func (s *Step) Forward(ctx context.Context, x *tensor.Tensor) ([]float32, error) {
	if x.DType() != tensor.Float32 || !x.Shape().Equal(s.shape) {
		return nil, fmt.Errorf("the step is for float32%v, the input is %v", s.shape, x)
	}
	s.memory.restart()
	images(s.input.data.floats(), x.Float32s(), s.shape)
	for i, c := range s.cells {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.forward(); err != nil {
			return nil, s.failed(i, err)
		}
	}
	return s.output.data.floats(), nil
}

// Gradient returns the memory in which the gradient of the output has to be set before
// Backward.
func (s *Step) Gradient() []float32 { return s.output.grad.floats() }

// Backward sets the gradients of all parameters.
func (s *Step) Backward(ctx context.Context) error {
	for i := len(s.cells) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, c := range s.recomputed[i] {
			c.recompute()
		}
		if err := s.cells[i].backward(); err != nil {
			return s.failed(i, err)
		}
	}
	return nil
}

func (s *Step) failed(i int, err error) error {
	return fmt.Errorf("%s: node %q: %w", s.p.g.Name, s.names[i], err)
}

// images copies a row-major tensor to channels-last memory.
func images(dst, src []float32, shape tensor.Shape) {
	if len(shape) != 4 {
		copy(dst, src)
		return
	}
	layout.Transpose(dst, src, shape[0], shape[1], shape[2]*shape[3])
}

// rowMajor is the inverse of images.
func rowMajor(dst, src []float32, shape tensor.Shape) {
	if len(shape) != 4 {
		copy(dst, src)
		return
	}
	layout.Transpose(dst, src, shape[0], shape[2]*shape[3], shape[1])
}

// Value returns a copy of an activation, by the name of its node, as a row-major
// tensor: for tests, and for looking at a training.
func (s *Step) Value(n *graph.Node) (*tensor.Tensor, bool) {
	v, ok := s.values[n.Name]
	if !ok {
		return nil, false
	}
	t := tensor.New(tensor.Float32, v.shape...)
	rowMajor(t.Float32s(), v.data.floats(), v.shape)
	return t, true
}

// run computes n pieces of t on the threads of the program.
func (s *Step) run(n int, t parallel.Func) { s.p.pool.Run(n, t) }

// ranges divides n elements into pieces of about size that do not depend on the
// number of threads.
type ranges struct{ n, size, count int }

func divide(n, size int) ranges {
	size = max(1, size)
	return ranges{n, size, (n + size - 1) / size}
}

func (r ranges) bounds(i int) (from, to int) { return i * r.size, min((i+1)*r.size, r.n) }
