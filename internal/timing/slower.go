package timing

import (
	"context"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// SlowerBudget is for one measurement of Slower. Tests shorten it.
var SlowerBudget = Budget{Duration: 2 * time.Second}

// Slower names the layers of an int8 graph that, with the conversions around them, are
// slower on this machine than in float32, computed on x.
func Slower(ctx context.Context, g *graph.Graph, o engine.Options, x *tensor.Tensor) ([]string, error) {
	twin, err := FloatTwin(g)
	if err != nil {
		return nil, err
	}
	codes, err := NewTimerOf(g, o, x)
	if err != nil {
		return nil, err
	}
	float, err := NewTimerOf(twin, o, x)
	if err != nil {
		return nil, err
	}
	if err := InTurns(ctx, SlowerBudget, codes, float); err != nil {
		return nil, err
	}
	return CompareWithFloat(codes.LayerTimes(), codes, float), nil
}
