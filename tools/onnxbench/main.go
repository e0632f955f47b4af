// Command onnxbench runs an ONNX model on request, for bench/onnxfiles.py: for every line
// {"run": N} on standard input it computes N times and answers with the durations.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

func main() {
	log.SetFlags(0)
	threads := flag.Int("threads", 1, "threads of a run")
	features := flag.String("cpu", "", "the features that kernels may use, as octet cpu lists them")
	profile := flag.String("profile", "", "write a profile of the CPU during three seconds to a file, and end")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: onnxbench [flags] MODEL.onnx NAME=x.npy ...")
	}
	w, err := open(flag.Arg(0), flag.Args()[1:], *threads, *features)
	if err == nil && *profile != "" {
		err = w.profile(*profile)
	} else if err == nil {
		err = w.serve()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// worker runs one model on inputs that stay as they are.
type worker struct {
	session *octet.Session
	inputs  map[string]*tensor.Tensor
}

func open(model string, arrays []string, threads int, features string) (*worker, error) {
	w := &worker{inputs: map[string]*tensor.Tensor{}}
	for _, a := range arrays {
		name, path, ok := strings.Cut(a, "=")
		if !ok {
			return nil, fmt.Errorf("%q: expected NAME=x.npy", a)
		}
		t, err := npy.ReadFile(path)
		if err != nil {
			return nil, err
		}
		w.inputs[name] = t
	}
	m, err := octet.Open(model)
	if err != nil {
		return nil, err
	}
	opts := []octet.CompileOption{octet.WithThreads(threads)}
	if features != "" {
		opts = append(opts, octet.WithCPU(features))
	}
	if w.session, err = m.Compile(opts...); err != nil {
		return nil, err
	}
	_, err = w.session.RunNamed(context.Background(), w.inputs)
	return w, err
}

func (w *worker) run() (time.Duration, error) {
	start := time.Now()
	_, err := w.session.RunNamed(context.Background(), w.inputs)
	return time.Since(start), err
}

// serve prints the results of a run, then answers the lines of standard input.
func (w *worker) serve() error {
	results, err := w.session.RunNamed(context.Background(), w.inputs)
	if err != nil {
		return err
	}
	ready := map[string][]float32{}
	for name, t := range results {
		if t.DType() == tensor.Float32 {
			ready[name] = t.Float32s()
		}
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"ready": true, "results": ready}); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var request struct{ Run int }
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return err
		}
		ns := make([]int64, request.Run)
		for i := range ns {
			d, err := w.run()
			if err != nil {
				return err
			}
			ns[i] = d.Nanoseconds()
		}
		if err := out.Encode(map[string]any{"ns": ns, "peak_rss_mb": 0}); err != nil {
			return err
		}
	}
	return lines.Err()
}

// profile writes where the time goes.
func (w *worker) profile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	for start := time.Now(); time.Since(start) < 3*time.Second; {
		if _, err := w.run(); err != nil {
			return err
		}
	}
	pprof.StopCPUProfile()
	return f.Close()
}
