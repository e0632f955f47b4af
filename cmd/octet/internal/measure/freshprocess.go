package measure

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// starts is how many fresh processes are started; the median counts.
const starts = 3

// FreshProcess measures, in processes of its own, the time from the start of a
// process to its first answer in milliseconds, and the most memory that it held
// by then and during a few more runs, in units of 10^6 bytes.
func (f *WorkloadFlags) FreshProcess(ctx context.Context, model string, inputs []*tensor.Tensor) (startup float64, peak *float64, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, nil, fmt.Errorf("cannot measure the start of a process: %w", err)
	}
	var times []float64
	for range starts {
		took, memory, err := firstAnswer(exec.CommandContext(ctx, program, f.workerArgs(model, inputs[0].Shape())...))
		if err != nil {
			return 0, nil, fmt.Errorf("cannot measure the start of a process: %w", err)
		}
		times = append(times, timing.Milliseconds(took))
		if memory != nil && (peak == nil || *memory > *peak) {
			peak = memory
		}
	}
	slices.Sort(times)
	return times[len(times)/2], peak, nil
}

// workerArgs is the command line of a worker for the same work.
func (f *WorkloadFlags) workerArgs(model string, input tensor.Shape) []string {
	args := []string{"bench-worker", model, "--quiet", "--threads", strconv.Itoa(f.Threads)}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("--arch", f.Model.Arch)
	add("--backend", f.Model.Backend)
	add("--key", f.Model.Key)
	add("--graph-of", f.Model.GraphOf)
	add("--cpu", f.CPU)
	for _, shape := range f.Model.ShapeArgs() {
		add("--shape", shape)
	}
	add("--input", f.input)
	switch {
	case f.drawn && f.batch > 0:
		return append(args, "--batch", strconv.Itoa(f.batch))
	case f.drawn || f.input != "":
		return args
	}
	size := input[2:]
	if f.channelsLast {
		size = input[1:]
	}
	return append(args, "--batch", strconv.Itoa(input[0]), "--size", fmt.Sprintf("%d,%d", size[0], size[1]))
}

// firstAnswer starts a worker, waits for its first line, and lets it run a few
// times more.
func firstAnswer(cmd *exec.Cmd) (took time.Duration, peak *float64, err error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	lines := bufio.NewReader(out)
	first, readErr := lines.ReadBytes('\n')
	took = time.Since(start)
	var ready WorkerReady
	var answer WorkerAnswer
	if readErr == nil {
		readErr = json.Unmarshal(first, &ready)
	}
	if readErr == nil {
		fmt.Fprintln(in, `{"run": 3}`)
		in.Close()
		readErr = json.NewDecoder(lines).Decode(&answer)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		return 0, nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return took, answer.Peak, readErr
}

// WorkerReady is the first line of a worker.
type WorkerReady struct {
	Ready   bool     `json:"ready"`       // always true
	Images  int      `json:"images"`      // in each run
	Threads int      `json:"threads"`     // of a run
	CPU     string   `json:"cpu"`         // the instruction sets in use
	Argmax  []int    `json:"argmax"`      // null where a run gives no classes
	Peak    *float64 `json:"peak_rss_mb"` // null where the system does not say
}

// WorkerRequest is a line to a worker.
type WorkerRequest struct {
	Run int `json:"run"` // how many runs
}

// WorkerAnswer is its line for a request.
type WorkerAnswer struct {
	Nanoseconds []int64  `json:"ns"`          // of each run
	Peak        *float64 `json:"peak_rss_mb"` // in units of 10^6 bytes; null where the system does not say
}
