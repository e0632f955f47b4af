package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/tensor"
)

// workloadFlags say what is measured: a model, an input, the resources of a run.
type workloadFlags struct {
	model   modelFlags
	threads int
	batch   int
	size    []int
	input   string
	cpu     string
}

func (f *workloadFlags) register(cmd *cobra.Command) {
	f.model.register(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.threads, "threads", 0, "threads of one run; 0 means one per core")
	fl.IntVar(&f.batch, "batch", 1, "images per run")
	fl.IntSliceVar(&f.size, "size", nil, "`HEIGHT,WIDTH` of the images (default: what the model's preprocessing gives, else 224,224)")
	fl.StringVar(&f.input, "input", "", "`FILE`.npy with float32 [N, C, H, W] in place of random numbers")
	fl.StringVar(&f.cpu, "cpu", "", "use only these CPU features, such as avx2+fma, or none for portable code")
}

// check finds what can be said before a file is read.
func (f *workloadFlags) check(cmd *cobra.Command) error {
	switch {
	case f.batch < 1:
		return usageError("--batch %d: at least 1", f.batch)
	case f.threads < 0:
		return usageError("--threads %d: use 0 for one per core", f.threads)
	case f.size != nil && (len(f.size) != 2 || min(f.size[0], f.size[1]) < 1):
		return usageError("--size %v: give height,width, such as --size 224,224", f.size)
	case f.input != "" && (f.size != nil || cmd.Flags().Changed("batch")):
		return usageError("--input says batch and size itself: leave --batch and --size out")
	}
	features, err := cpu.Parse(f.cpu)
	if err != nil {
		return usageError("--cpu: %w", err)
	}
	if !cpu.Host().Has(features) {
		return usageError("--cpu %v: this machine has %v", features, cpu.Host())
	}
	return nil
}

// tensor is the input: random numbers, always the same, unless there is a file.
func (f *workloadFlags) tensor(m *octet.Model) (*tensor.Tensor, error) {
	if f.input != "" {
		x, err := npy.ReadFile(f.input)
		if err == nil && (x.DType() != tensor.Float32 || len(x.Shape()) != 4 || x.Dim(1) != m.Channels() || x.Numel() == 0) {
			err = fmt.Errorf("%s is %v; %s takes float32 [N, %d, H, W]", f.input, x, m.Arch(), m.Channels())
		}
		return x, withCode(exitData, err)
	}
	h, w := f.imageSize(m)
	x := tensor.New(tensor.Float32, f.batch, m.Channels(), h, w)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x, nil
}

func (f *workloadFlags) imageSize(m *octet.Model) (h, w int) {
	if f.size != nil {
		return f.size[0], f.size[1]
	}
	if p, _, err := m.Preset(); err == nil {
		for _, s := range [][]int{p.Crop, p.Input, p.Resize} {
			if len(s) == 2 {
				return s[0], s[1]
			}
		}
	}
	return 224, 224
}

// options are those of a compilation for the features in the list.
func (f *workloadFlags) options(features string) engine.Options {
	return engine.Options{Threads: f.threads, CPU: features}
}

// workload is a compiled graph with its input and room for its outputs.
type workload struct {
	session *engine.Session
	graph   *graph.Graph // as it runs: without nodes that lead nowhere
	plan    []engine.NodePlan
	input   *tensor.Tensor
}

// newWorkload compiles g.
func newWorkload(g *graph.Graph, o engine.Options, x *tensor.Tensor) (*workload, error) {
	p, err := engine.Compile(g, o)
	if err != nil {
		return nil, withCode(exitModel, err)
	}
	plan, err := p.Plan(x.Shape())
	if err != nil {
		return nil, withCode(exitData, err)
	}
	return &workload{p.NewSession(), p.Graph(), plan, x}, nil
}

// outputs makes tensors for the results of one run.
func (w *workload) outputs() ([]*tensor.Tensor, error) {
	types, err := w.session.OutputTypes(w.input.Shape())
	if err != nil {
		return nil, withCode(exitData, err)
	}
	out := make([]*tensor.Tensor, len(types))
	for i, t := range types {
		out[i] = tensor.New(t.DType, t.Shape...)
	}
	return out, nil
}

// computedGraph is the graph that octet compiles of a model: an int8 one as it
// is, a float one with its batch norms folded.
func computedGraph(m *octet.Model) (*graph.Graph, error) {
	if m.Quantized() {
		return m.Graph(), nil
	}
	g, _, err := rewrite.Fuse(m.Graph())
	return g, withCode(exitModel, err)
}

// randomInput is one input of normally distributed numbers.
func randomInput(r *rand.Rand, channels, h, w int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1, channels, h, w)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}
