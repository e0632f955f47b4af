package measure

import (
	"context"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// NewWorkload is timing.NewWorkload with an exit code for its errors: a model's graph compiles,
// so the inputs must be wrong.
func NewWorkload(g *graph.Graph, o engine.Options, inputs ...*tensor.Tensor) (*timing.Workload, error) {
	w, err := timing.NewWorkload(g, o, inputs...)
	return w, exit.WithCode(exit.Data, err)
}

// NewTimer is timing.NewTimer with an exit code for its errors.
func NewTimer(w *timing.Workload) (*timing.Timer, error) {
	t, err := timing.NewTimer(w)
	return t, exit.WithCode(exit.Data, err)
}

// NewTimerOf is timing.NewTimerOf with an exit code for its errors.
func NewTimerOf(g *graph.Graph, o engine.Options, inputs ...*tensor.Tensor) (*timing.Timer, error) {
	t, err := timing.NewTimerOf(g, o, inputs...)
	return t, exit.WithCode(exit.Data, err)
}

// InTurns is timing.InTurns with an exit code for its errors.
func InTurns(ctx context.Context, b timing.Budget, timers ...*timing.Timer) error {
	return exit.WithCode(exit.Data, timing.InTurns(ctx, b, timers...))
}
