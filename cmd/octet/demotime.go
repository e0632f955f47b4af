package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// demoBudget is for timing one of the demo's models.
var demoBudget = timing.Budget{Duration: 1500 * time.Millisecond}

// time measures the models of out, float first, one image at a time and in turns: on
// one thread, unless --threads says otherwise.
func (f *demoFlags) time(ctx context.Context, c *console.Console, folder string, models []*octet.Model, out *demoOutput) error {
	flags := f.data
	flags.Limit = 1
	data, err := flags.Open(c, models[0], []string{filepath.Join(folder, demoTest)})
	if err != nil {
		return err
	}
	defer data.Close()
	x, err := firstSample(ctx, data)
	if err != nil {
		return err
	}
	out.Threads = max(1, f.data.Threads)
	b := demoBudget
	b.Duration *= time.Duration(len(models))
	took, err := measure.SideTimes(ctx, b, out.Threads, x, models...)
	if err != nil {
		return err
	}
	for i := range out.Models {
		row := &out.Models[i]
		if row.Kind != "float" {
			s := report.NewSpeed(took[0], took[i])
			row.Speed = &s
		}
		row.Each = 1000 * timing.Milliseconds(timing.Quantile(slices.Sorted(slices.Values(took[i])), 0.5))
	}
	return nil
}

// firstSample is the first input, alone.
func firstSample(ctx context.Context, data *inputs.Data) (*tensor.Tensor, error) {
	for x, err := range data.Tensors(ctx, 1) {
		return x, exit.WithCode(exit.Data, err)
	}
	return nil, exit.WithCode(exit.Data, errors.New("there is no image to time the models on"))
}

// printSpeed says how the times were measured, and what to do if int8 is not faster.
func (o demoOutput) printSpeed(w io.Writer) {
	speed := o.Models[1].Speed
	fmt.Fprintf(w, "\ntime: one image at a time, --threads %d, the models in turns: median of %d runs each\n", o.Threads, speed.Turns)
	fmt.Fprintln(w, "speed: how many times faster than float, its time divided by that of int8 (95 % interval)")
	for _, m := range o.Models[1:] {
		if !m.Speed.Faster() {
			fmt.Fprintf(w, "%s does not pay here, %v: the network is too small for it on this machine;\n%s\n", m.Name, m.Speed, measure.ExcludeSlowerHint)
		}
	}
}
