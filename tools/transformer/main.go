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
	"strconv"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/tensor"
)

func main() {
	log.SetFlags(0)
	profile := flag.String("profile", "", "write a profile of the CPU to a file, and end")
	plan := flag.Bool("plan", false, "print the kernels of all nodes, and end")
	features := flag.String("cpu", "", "the features that kernels may use, as octet cpu lists them")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("usage: transformer [flags] CASE THREADS")
	}
	w, err := newWorker(flag.Arg(0), flag.Arg(1), *features)
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case *plan:
		err = w.plan()
	case *profile != "":
		err = w.profile(*profile)
	default:
		err = w.serve()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// worker runs one case.
type worker struct {
	session *engine.Session
	in, out []*tensor.Tensor
}

func newWorker(name, threads, features string) (*worker, error) {
	n, err := strconv.Atoi(threads)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%q threads; expected a number of at least 1", threads)
	}
	b, err := build(name)
	if err != nil {
		return nil, err
	}
	p, err := engine.Compile(b.g, engine.Options{Threads: n, CPU: features})
	if err != nil {
		return nil, err
	}
	w := &worker{session: p.NewSession(), in: b.inputs}
	w.out, err = w.session.Run(context.Background(), w.in...)
	return w, err
}

func (w *worker) run() (int64, error) {
	start := time.Now()
	err := w.session.RunInto(context.Background(), w.out, w.in...)
	return time.Since(start).Nanoseconds(), err
}

// sampled is every sampling'th number of a result, which the two sides compare.
const sampling = 997

// serve answers lines of standard input.
func (w *worker) serve() error {
	var sample []float32
	for i := 0; i < w.out[0].Numel(); i += sampling {
		sample = append(sample, w.out[0].Float32s()[i])
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"ready": true, "argmax": nil, "sample": sample}); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var request struct{ Run int }
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return err
		}
		times := make([]int64, request.Run)
		for i := range times {
			var err error
			if times[i], err = w.run(); err != nil {
				return err
			}
		}
		if err := out.Encode(map[string]any{"ns": times, "peak_rss_mb": nil}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (w *worker) plan() error {
	list, err := w.session.Program().Plan(shapes(w.in)...)
	for _, n := range list {
		fmt.Println(n.Node.Name, n.Kernel, n.Reorders, n.Reason)
	}
	return err
}

func shapes(in []*tensor.Tensor) []tensor.Shape {
	var s []tensor.Shape
	for _, x := range in {
		s = append(s, x.Shape())
	}
	return s
}

func (w *worker) profile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	best, runs := int64(1<<62), 0
	for start := time.Now(); time.Since(start) < 5*time.Second; runs++ {
		ns, err := w.run()
		if err != nil {
			return err
		}
		best = min(best, ns)
	}
	pprof.StopCPUProfile()
	fmt.Printf("%d runs, the fastest took %.3f ms\n", runs, float64(best)/1e6)
	return f.Close()
}
