package main

import (
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// benchFlags are the flags of `octet bench`.
type benchFlags struct {
	work measure.WorkloadFlags

	runs        int
	duration    time.Duration
	concurrency int
	float       string
	assert      bool
}

func newBenchCommand(c *console.Console) *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench MODEL.{pth,onnx,pt2}",
		Short: "Measure latency, throughput, memory and the time of every layer",
		Long: `bench runs a model on random numbers (or --input) and prints the distribution of its
latency, its throughput, the time and kernel of every layer, and, measured in fresh
processes, the time from the start of a process to its first answer and its peak
memory (MB are 10^6 bytes).

The layers of an int8 model stand beside the same layers in float32, measured in turns:
the same graph with dequantized weights, or the float model given by --float. A Quantize
counts to the integer layers that read its codes, a Dequantize to the one that made them.
A layer is called slower than float32 when both its median and its best time are. A speed
is how many times faster int8 is: the time of float32 divided by its own.

--assert also measures every layer with the kernels that other instruction sets of this
machine would give, in turns, and fails with exit code 7 when a layer's kernel takes more
than 5 % longer, in the median and at best, than the fastest of them. Kernels that need
the same instruction set are not told apart.

A model that takes no images, such as a transformer that takes token ids, is run on random
numbers, random rows of the tables that an input indexes, and ones as a mask; --shape
gives the sizes that its file leaves open.

Use an otherwise idle machine: what else runs on it is measured too.`,
		Example: `  octet bench resnet18_int8.pth
  octet bench model.pth --arch resnet50 --threads 1 --batch 1 --json
  octet bench int8.pth --threads 1 --concurrency 4 --duration 10s
  octet bench int8.pth --cpu avx2+fma --assert
  octet bench encoder.onnx --shape batch=1 --shape seq=128`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runBench(c, cmd, f, args[0])
		}),
	}
	f.work.Register(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.runs, "runs", 0, "how often to run, in place of --duration")
	fl.DurationVar(&f.duration, "duration", 3*time.Second, "how long to run, at least ten times")
	fl.IntVar(&f.concurrency, "concurrency", 1, "goroutines that run the same session at the same time")
	fl.StringVar(&f.float, "float", "", "compare with the layers of this float model, `FILE`.pth")
	fl.BoolVar(&f.assert, "assert", false, "fail when a layer's kernel is slower than another one of this machine")
	console.Exclusive(cmd, "runs", "duration")
	return cmd
}

// benchOutput is the JSON document of `octet bench`.
type benchOutput struct {
	Model       string        `json:"model"`
	Arch        string        `json:"arch"`
	Kind        string        `json:"kind"`
	Backend     octet.Backend `json:"backend,omitempty"`
	Assumptions []string      `json:"assumptions,omitempty"`
	Input       []int         `json:"input"`            // shape of the first input
	Inputs      []namedInfo   `json:"inputs,omitempty"` // of a model with several, in their order
	Threads     int           `json:"threads"`
	Concurrency int           `json:"concurrency"`
	CPU         string        `json:"cpu"` // features that were used
	Platform    string        `json:"platform"`

	Latency     measure.Latency `json:"latency_ms"`
	Runs        int             `json:"runs"`
	Images      float64         `json:"images_per_s"`
	Allocations int64           `json:"allocations_per_run"`
	Peak        *float64        `json:"peak_rss_mb"` // null where the system does not say
	Startup     float64         `json:"startup_ms"`  // process start to first answer

	Speed *report.Speed `json:"speed,omitempty"` // of an int8 model beside float32, whole runs

	LayerSum   float64            `json:"layers_sum_ms"`   // of the medians
	LayerTotal float64            `json:"layers_total_ms"` // median of the runs in which layers were timed
	Layers     []timing.LayerTime `json:"layers"`
	Slower     []string           `json:"slower_than_float"` // null for a float model
	Assertion  *assertion         `json:"assert,omitempty"`
}

func runBench(c *console.Console, cmd *cobra.Command, f *benchFlags, path string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	model, err := f.work.Model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	x, err := f.work.Tensors(model)
	if err != nil {
		return err
	}
	g, err := measure.ComputedGraph(model)
	if err != nil {
		return err
	}
	w, err := measure.NewWorkload(g, f.work.Options(f.work.CPU), x...)
	if err != nil {
		return err
	}
	out := &benchOutput{
		Model: path, Arch: model.Arch(), Kind: inputs.KindOf(model), Backend: model.Backend(), Assumptions: inputs.Texts(model.Assumptions()),
		Input: x[0].Shape(), Inputs: shapesByName(model, x), Threads: w.Session.Program().Threads(), Concurrency: f.concurrency, CPU: f.work.CPU,
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if out.CPU == "" {
		out.CPU = engine.HostFeatures()
	}
	if out.Startup, out.Peak, err = f.work.FreshProcess(cmd.Context(), path, x); err != nil {
		return err
	}
	l, err := measure.Repeat(cmd.Context(), w, f.budget(), f.concurrency)
	if err != nil {
		return err
	}
	out.Runs, out.Allocations = len(l.Each), l.Allocations
	out.Latency = measure.Distribution(l.Each)
	out.Images = float64(len(l.Each)) * float64(measure.Batch(x)) / l.Wall.Seconds()
	if err := f.layers(c, cmd, model, w, out); err != nil {
		return err
	}
	if f.assert {
		if out.Assertion, err = f.compareKernels(cmd.Context(), w); err != nil {
			return err
		}
	}
	if err := c.Result(out, out.print); err != nil {
		return err
	}
	return out.Assertion.failure()
}

// shapesByName describes the inputs of a model with several; nil where there is one.
func shapesByName(m *octet.Model, inputs []*tensor.Tensor) []namedInfo {
	if len(inputs) < 2 {
		return nil
	}
	var list []namedInfo
	for i, v := range m.Inputs() {
		list = append(list, namedInfo{v.Name, v.DType, inputs[i].Shape()})
	}
	return list
}

func (f *benchFlags) check(cmd *cobra.Command) error {
	switch {
	case f.runs < 0 || cmd.Flags().Changed("runs") && f.runs == 0:
		return exit.Usagef("--runs %d: at least 1", f.runs)
	case f.duration <= 0:
		return exit.Usagef("--duration %v: more than 0", f.duration)
	case f.concurrency < 1:
		return exit.Usagef("--concurrency %d: at least 1", f.concurrency)
	}
	return f.work.Check(cmd)
}

func (f *benchFlags) budget() timing.Budget {
	return timing.Budget{Runs: f.runs, Duration: f.duration}
}

// layers times every layer of w, and for an int8 model those of its float32 twin.
func (f *benchFlags) layers(c *console.Console, cmd *cobra.Command, model *octet.Model, w *timing.Workload, out *benchOutput) error {
	codes, err := measure.NewTimer(w)
	if err != nil {
		return err
	}
	timers := []*timing.Timer{codes}
	if model.Quantized() {
		g, err := f.work.FloatLayers(c, cmd, model, f.float)
		if err != nil {
			return err
		}
		float, err := measure.NewTimerOf(g, f.work.Options(f.work.CPU), w.Inputs...)
		if err != nil {
			return err
		}
		timers = append(timers, float)
	} else if f.float != "" {
		return exit.Usagef("--float is for int8 models; %s is a float model", out.Model)
	}
	if err := measure.InTurns(cmd.Context(), f.budget(), timers...); err != nil {
		return err
	}
	out.Layers = codes.LayerTimes()
	for _, l := range out.Layers {
		out.LayerSum += l.Time
	}
	for i := range out.Layers {
		out.Layers[i].Share = out.Layers[i].Time / out.LayerSum
	}
	out.LayerTotal = timing.SpreadOf(codes.Total).Median
	if len(timers) == 2 {
		out.Slower = timing.CompareWithFloat(out.Layers, codes, timers[1])
		s := measure.SpeedOf(codes, timers[1])
		out.Speed = &s
	}
	return nil
}
