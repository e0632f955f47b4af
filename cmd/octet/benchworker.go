package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/compare"
	"github.com/octet-ml/octet/tensor"
)

// newBenchWorkerCommand is the hidden command behind `octet bench` and the
// harness in bench/: a process that gives its first answer and then computes on
// request, so that engines can be measured in turns.
func newBenchWorkerCommand(c *console) *cobra.Command {
	f := &workloadFlags{}
	cmd := &cobra.Command{
		Use:   "bench-worker MODEL.pth",
		Short: "Compute on request: lines of JSON in and out",
		Long: `bench-worker computes once and prints a line such as
  {"ready": true, "images": 1, "threads": 2, "argmax": [3], "peak_rss_mb": 40.1}
For every line {"run": N} on standard input it then computes N times and answers
{"ns": [...], "peak_rss_mb": 41.0}, one duration per run. It ends with its input.`,
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: c.command(func(cmd *cobra.Command, args []string) error {
			return benchWorker(c, cmd, f, args[0])
		}),
	}
	f.register(cmd)
	return cmd
}

// workerReady is the first line of a worker.
type workerReady struct {
	Ready   bool     `json:"ready"`
	Images  int      `json:"images"`
	Threads int      `json:"threads"`
	CPU     string   `json:"cpu"`
	Argmax  []int    `json:"argmax"`
	Peak    *float64 `json:"peak_rss_mb"` // null where the system does not say
}

type workerRequest struct {
	Run int `json:"run"`
}

type workerAnswer struct {
	Nanoseconds []int64  `json:"ns"`
	Peak        *float64 `json:"peak_rss_mb"`
}

func benchWorker(c *console, cmd *cobra.Command, f *workloadFlags, path string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	model, err := f.model.open(c, cmd, path)
	if err != nil {
		return err
	}
	session, err := model.Compile(octet.WithThreads(f.threads), octet.WithCPU(f.cpu))
	if err != nil {
		return withCode(exitModel, err)
	}
	x, err := f.tensor(model)
	if err != nil {
		return err
	}
	y, err := session.Run(cmd.Context(), x)
	if err != nil {
		return withCode(exitData, err)
	}
	threads := f.threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	out := json.NewEncoder(c.out)
	ready := workerReady{Ready: true, Images: x.Dim(0), Threads: threads, CPU: f.cpu, Argmax: argmax(y), Peak: peakMegabytes()}
	if err := out.Encode(ready); err != nil {
		return withCode(exitOutput, err)
	}
	return serveRuns(cmd.Context(), c.in, out, session, x)
}

// serveRuns answers requests until their end.
func serveRuns(ctx context.Context, in io.Reader, out *json.Encoder, session *octet.Session, x *tensor.Tensor) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	for {
		var r workerRequest
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return usageError("a request is a line such as {\"run\": 10}: %w", err)
		}
		a := workerAnswer{Nanoseconds: []int64{}}
		for range r.Run {
			start := time.Now()
			if _, err := session.Run(ctx, x); err != nil {
				return withCode(exitData, err)
			}
			a.Nanoseconds = append(a.Nanoseconds, time.Since(start).Nanoseconds())
		}
		a.Peak = peakMegabytes()
		if err := out.Encode(a); err != nil {
			return withCode(exitOutput, err)
		}
	}
}

// peakMegabytes is peakMemory in units of 10^6 bytes; nil where it is unknown.
func peakMegabytes() *float64 {
	n, err := peakMemory()
	if err != nil {
		return nil
	}
	mb := float64(n) / 1e6
	return &mb
}

// argmax is the most probable class of each image.
func argmax(logits *tensor.Tensor) []int {
	var best []int
	for _, row := range rowsOf(logits) {
		best = append(best, compare.Top1(row))
	}
	return best
}
