package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/tensor"
)

// newBenchWorkerCommand is the hidden command behind `octet bench` and the
// harness in bench/: a process that gives its first answer and then computes on
// request, so that engines can be measured in turns.
func newBenchWorkerCommand(c *console.Console) *cobra.Command {
	f := &measure.WorkloadFlags{}
	calibrate := 0
	cmd := &cobra.Command{
		Use:   "bench-worker MODEL.pth",
		Short: "Compute on request: lines of JSON in and out",
		Long: `bench-worker computes once and prints a line such as
  {"ready": true, "images": 1, "threads": 2, "argmax": [3], "peak_rss_mb": 40.1}
For every line {"run": N} on standard input it then computes N times and answers
{"ns": [...], "peak_rss_mb": 41.0}, one duration per run. It ends with its input.

With --calibrate N a run is a calibration of the float model, with --backend's default
observers, on the images of --input in batches of N.`,
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return benchWorker(c, cmd, f, calibrate, args[0])
		}),
	}
	f.Register(cmd)
	cmd.Flags().IntVar(&calibrate, "calibrate", 0, "measure calibration in batches of so many images, not inference")
	return cmd
}

func benchWorker(c *console.Console, cmd *cobra.Command, f *measure.WorkloadFlags, calibrate int, path string) error {
	if err := f.Check(cmd); err != nil {
		return err
	}
	if calibrate < 0 || calibrate > 0 && f.CPU != "" {
		return exit.Usagef("--calibrate N: at least 1, and without --cpu")
	}
	model, err := f.Model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	x, err := f.Tensors(model)
	if err != nil {
		return err
	}
	threads := f.Threads
	if threads == 0 {
		threads = cpu.Threads()
	}
	ready := measure.WorkerReady{Ready: true, Images: measure.Batch(x), Threads: threads, CPU: f.CPU}
	var run benchRun
	if calibrate > 0 {
		if err := inputs.TakesImages(model); err != nil {
			return err
		}
		run = calibrationRun(model, x[0], octet.Backend(f.Model.Backend), calibrate, threads)
	} else if run, ready.Argmax, err = inferenceRun(cmd.Context(), model, x, f); err != nil {
		return err
	}
	ready.Peak = peakMegabytes()
	out := json.NewEncoder(c.Out)
	if err := out.Encode(ready); err != nil {
		return exit.WithCode(exit.Output, err)
	}
	return serveRuns(cmd.Context(), c.In, out, run)
}

// benchRun is what a worker does on request. It returns how long that took.
type benchRun func(ctx context.Context) (time.Duration, error)

// inferenceRun computes inputs once, and returns the classes and how to do so again.
func inferenceRun(ctx context.Context, model *octet.Model, x []*tensor.Tensor, f *measure.WorkloadFlags) (benchRun, []int, error) {
	session, err := model.Compile(octet.WithThreads(f.Threads), octet.WithCPU(f.CPU))
	if err != nil {
		return nil, nil, exit.WithCode(exit.Model, err)
	}
	y, err := session.RunAll(ctx, x...)
	if err != nil {
		return nil, nil, exit.WithCode(exit.Data, err)
	}
	var classes []int
	if inputs.TakesImages(model) == nil {
		answers, err := compare.Answers(y, x[0].Dim(0))
		if err != nil {
			return nil, nil, exit.WithCode(exit.Model, err)
		}
		classes = argmax(answers)
	}
	return func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		_, err := session.RunAll(ctx, x...)
		return time.Since(start), exit.WithCode(exit.Data, err)
	}, classes, nil
}

// calibrationRun quantizes model. It measures the time from the request for the first image to
// the end of the last one, without compilation and conversion.
func calibrationRun(model *octet.Model, x *tensor.Tensor, backend octet.Backend, batch, threads int) benchRun {
	if backend == "" {
		backend = octet.DefaultBackend
	}
	return func(ctx context.Context) (time.Duration, error) {
		var start, end time.Time
		images := func(yield func(*tensor.Tensor, error) bool) {
			start = time.Now()
			yield(x, nil)
		}
		_, _, err := octet.Quantize(ctx, model, images, octet.WithBackend(backend), octet.WithBatchSize(batch),
			octet.WithThreads(threads), octet.WithProgress(func(int) { end = time.Now() }))
		return end.Sub(start), exit.WithCode(exit.Data, err)
	}
}

// serveRuns answers requests until their end.
func serveRuns(ctx context.Context, in io.Reader, out *json.Encoder, run benchRun) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	for {
		var r measure.WorkerRequest
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return exit.Usagef("a request is a line such as {\"run\": 10}: %w", err)
		}
		a := measure.WorkerAnswer{Nanoseconds: []int64{}}
		for range r.Run {
			took, err := run(ctx)
			if err != nil {
				return err
			}
			a.Nanoseconds = append(a.Nanoseconds, took.Nanoseconds())
		}
		a.Peak = peakMegabytes()
		if err := out.Encode(a); err != nil {
			return exit.WithCode(exit.Output, err)
		}
	}
}

// peakMegabytes is PeakMemory in units of 10^6 bytes; nil where it is unknown.
func peakMegabytes() *float64 {
	n, err := measure.PeakMemory()
	if err != nil {
		return nil
	}
	mb := float64(n) / 1e6
	return &mb
}

// argmax is the most probable class of each image.
func argmax(logits *tensor.Tensor) []int {
	var best []int
	for i := range logits.Dim(0) {
		best = append(best, compare.Top1(logits.Rows(i, i+1).Float32s()))
	}
	return best
}
