package engine

import (
	"context"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Engine runs one graph. Session and the engine returned by Reference are the
// two implementations; the same conformance suite holds for both.
//
// Inputs are the graph's, in order, as row-major tensors of any size that its
// operators accept. Errors name the input or the node. All methods may be
// called concurrently, and stop between nodes when ctx is done.
type Engine interface {
	// Run returns the graph's outputs.
	Run(ctx context.Context, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error)
	// RunTapped also hands the result of every node, in node order, to tap as a
	// tensor that tap may keep. An error of tap ends the run.
	RunTapped(ctx context.Context, tap Tap, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error)
	// RunObserved hands the float32 values in want (inputs and results of nodes)
	// to observe, inputs first, then in node order, from one goroutine. An error
	// of observe ends the run.
	RunObserved(ctx context.Context, want map[*graph.Value]bool, observe Observe, inputs ...*tensor.Tensor) error
}

// Tap receives the result of one node.
type Tap func(v *graph.Value, t *tensor.Tensor) error

// Observe receives one float32 value without a copy: data is valid during the
// call only. shape is the value's, [N, C, H, W] for images, but the data of
// images is channels-last, [N, H, W, C].
type Observe func(v *graph.Value, data []float32, shape tensor.Shape) error

// Options say how to compile. The zero value uses all cores and the best
// kernels of this machine.
type Options struct {
	// Threads is the number of threads of one run; 0 means one for each core.
	// Results do not depend on it.
	Threads int
	// CPU limits the instruction sets, as a list such as "avx2+fma" of sets that
	// this machine has, or "none" for portable code. Empty means all it has.
	CPU string
	// Like is a program for a graph with layers in common, with the same tensors of
	// weights: the packed weights of those are shared. It changes no result; nil packs all.
	Like *Program
}
