package octet

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// ShardRecipe is what has to be the same for all shards of a calibration.
type ShardRecipe struct {
	QConfig string `json:"qconfig"`          // name of the QConfig
	Ranges  string `json:"ranges,omitempty"` // of WithRanges; empty where not given
	// CPU lists the instruction sets that decide the last bits of float arithmetic.
	CPU string `json:"cpu"`
	// Preset says how images were prepared; nil of arrays.
	Preset *vision.Preset `json:"preset,omitempty"`
}

// CalibrateShard shows the observers of m one shard of the calibration data. The result is
// written, read and merged with those of the other shards (Calibration.Merge); of all of
// them, in any number and order, Convert makes the same model. The observers must be of a
// kind that merges: of the qconfigs torchvision, minmax, percentile and mse. Float
// arithmetic differs between instruction sets: WithCPU makes those of all machines alike.
func CalibrateShard(ctx context.Context, m *Model, shard *dataset.ShardReader, opts ...QuantizeOption) (*Calibration, error) {
	if shard == nil {
		return nil, errNil("shard", "dataset.NewShardReader returns one")
	}
	o := recipeFor(m, opts)
	if o.limit > 0 || o.resume != nil {
		return nil, classed{errors.New("a shard is calibrated whole: neither WithLimit nor WithResume goes with it"), ErrRecipe}
	}
	features, err := floatCPU(o.cpu)
	if err != nil {
		return nil, classed{err, ErrRecipe}
	}
	prepared, _, err := m.prepare(o)
	if err != nil {
		return nil, err
	}
	if err := ptq.Mergeable(prepared.QConfig); err != nil {
		return nil, classed{err, ErrRecipe}
	}
	inputs := func(yield func(*tensor.Tensor, error) bool) {
		for b, err := range shard.Batches(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(b.Input, nil) {
				return
			}
		}
	}
	stats, err := ptq.CalibrateInputs(ctx, prepared, alone(regroup(inputs, m.form(), o)), ptq.CalibrateOptions{
		Threads: o.threads, CPU: o.cpu, Progress: o.progress, Shard: true,
	})
	if err != nil {
		return nil, classed{err, ErrCalibration}
	}
	seen, err := shard.Coverage()
	if err != nil {
		return nil, classed{err, ErrCalibration}
	}
	return &Calibration{
		Complete: true, Source: seen.Data, BatchSize: 1, Equalized: o.equalize, Images: stats.Images, Data: dataset.Identity{Settings: seen.Settings},
		Shards: seen, Recipe: &ShardRecipe{o.qconfig, string(o.ranges), features, m.Metadata().Preset}, stats: stats,
	}, nil
}

// Merge returns the calibration of c and other shards of the same data, in any order. Errors
// match dataset.ErrForeign where they do not belong together. What lacks shards still is
// there to be merged further; Convert refuses it.
func (c *Calibration) Merge(others ...*Calibration) (*Calibration, error) {
	if c == nil || c.stats == nil {
		return nil, errNil("calibration", "CalibrateShard returns one")
	}
	out := *c
	for _, o := range others {
		if o == nil || o.stats == nil {
			return nil, errNil("calibration", "CalibrateShard returns one")
		}
		if out.Shards == nil || o.Shards == nil {
			return nil, errors.New("the statistics are of no shard: calibrate with shards (octet.CalibrateShard)")
		}
		a, b := out.Recipe, o.Recipe
		switch {
		case a.CPU != b.CPU:
			return nil, dataset.Foreign("they were calibrated with other instruction sets, %s and %s, which float arithmetic depends on: limit all shards to those that every machine has", a.CPU, b.CPU)
		case a.QConfig != b.QConfig || a.Ranges != b.Ranges:
			return nil, dataset.Foreign("they were calibrated with other recipes: qconfig %s %s and %s %s", a.QConfig, a.Ranges, b.QConfig, b.Ranges)
		case !reflect.DeepEqual(a.Preset, b.Preset):
			return nil, dataset.Foreign("their images were prepared by other presets")
		case out.Equalized != o.Equalized:
			return nil, dataset.Foreign("the weights were equalized for one of them alone")
		}
		merged := *out.Shards
		if err := merged.Merge(o.Shards); err != nil {
			return nil, err
		}
		stats, err := out.stats.Merge(o.stats)
		if errors.Is(err, ptq.ErrStats) {
			return nil, dataset.Foreign("%w", err)
		}
		if err != nil {
			return nil, err
		}
		out.Shards, out.stats, out.Images, out.Source = &merged, stats, stats.Images, merged.Data
	}
	return &out, nil
}

// checkShards refuses to convert what lacks shards.
func (c *Calibration) checkShards() error {
	if c.Shards == nil {
		return nil
	}
	if missing := c.Shards.Missing(); missing != nil {
		return fmt.Errorf("the statistics lack %s of %d: calibrate and merge them", dataset.ListShards(missing), c.Shards.Count)
	}
	return c.stats.CheckWhole()
}

// floatCPU are the instruction sets, of those that a list allows, that decide the bits of
// float arithmetic.
func floatCPU(list string) (string, error) {
	f, err := cpu.Limit(list)
	return (f & (cpu.AVX2 | cpu.FMA | cpu.AVX512 | cpu.NEON)).String(), err
}

// computesFloat reports whether a model computes anything in float, where the instruction set
// decides the last bits: all but codes, and their conversion from and to float.
func (m *Model) computesFloat() bool {
	return !m.quantized || slices.ContainsFunc(m.graph.Nodes, func(n *graph.Node) bool {
		_, boundary := n.Op.(op.Dequantize)
		return !boundary && slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v.Type.DType == tensor.Float32 })
	})
}
