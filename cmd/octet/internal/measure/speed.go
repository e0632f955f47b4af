package measure

import (
	"context"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// ExcludeSlowerHint says what can be done where int8 is slower than float.
const ExcludeSlowerHint = "octet quantize --exclude-slower keeps in float the layers that are slower in int8 on this machine"

// SpeedOf is how many times faster t is than reference, with which it took turns.
func SpeedOf(t, reference *timing.Timer) report.Speed {
	return report.NewSpeed(reference.Total, t.Total)
}

// SideTimes are the times of whole runs of models on x in turns, nothing else being
// timed within them.
func SideTimes(ctx context.Context, b timing.Budget, threads int, x *tensor.Tensor, models ...*octet.Model) ([][]time.Duration, error) {
	loads := make([]*timing.Workload, len(models))
	outputs := make([][]*tensor.Tensor, len(models))
	for i, m := range models {
		g, err := ComputedGraph(m)
		if err == nil {
			loads[i], err = NewWorkload(g, engine.Options{Threads: threads}, x)
		}
		if err == nil {
			outputs[i], err = loads[i].Outputs()
		}
		if err != nil {
			return nil, err
		}
	}
	took := make([][]time.Duration, len(models))
	const warmUp = 10
	for n, start := -warmUp, time.Now(); n < 0 || !b.Done(n, time.Since(start)); n++ {
		if n == 0 {
			start = time.Now()
		}
		for turn := range models {
			i := (turn + n + warmUp) % len(models)
			before := time.Now()
			if err := loads[i].Session.RunInto(ctx, outputs[i], x); err != nil {
				return nil, exit.WithCode(exit.Data, err)
			}
			if n >= 0 {
				took[i] = append(took[i], time.Since(before))
			}
		}
	}
	return took, nil
}
