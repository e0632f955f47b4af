package measure

import (
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// WorkloadFlags say what is measured: a model, an input, the resources of a run.
type WorkloadFlags struct {
	Model   inputs.ModelFlags // what is run
	Threads int               // of one run; 0 uses all cores
	batch   int
	size    []int
	input   string
	CPU     string // --cpu; empty uses all features

	channelsLast bool // inputs are [N, H, W, C]; known once there is one
}

// Register adds the flags to a command, those of the model among them.
func (f *WorkloadFlags) Register(cmd *cobra.Command) {
	f.Model.Register(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.Threads, "threads", 0, "threads of one run; 0 means one per core")
	fl.IntVar(&f.batch, "batch", 1, "images per run")
	fl.IntSliceVar(&f.size, "size", nil, "`HEIGHT,WIDTH` of the images (default: what the model's preprocessing gives, else 224,224)")
	fl.StringVar(&f.input, "input", "", "`FILE`.npy with float32 [N, C, H, W] in place of random numbers")
	fl.StringVar(&f.CPU, "cpu", "", "use only these CPU features, such as avx2+fma, or none for portable code")
}

// Check finds what can be said before a file is read.
func (f *WorkloadFlags) Check(cmd *cobra.Command) error {
	switch {
	case f.batch < 1:
		return exit.Usagef("--batch %d: at least 1", f.batch)
	case f.Threads < 0:
		return exit.Usagef("--threads %d: use 0 for one per core", f.Threads)
	case f.size != nil && (len(f.size) != 2 || min(f.size[0], f.size[1]) < 1):
		return exit.Usagef("--size %v: give height,width, such as --size 224,224", f.size)
	case f.input != "" && (f.size != nil || cmd.Flags().Changed("batch")):
		return exit.Usagef("--input says batch and size itself: leave --batch and --size out")
	}
	features, err := cpu.Parse(f.CPU)
	if err != nil {
		return exit.Usagef("--cpu: %w", err)
	}
	if !cpu.Host().Has(features) {
		return exit.Usagef("--cpu %v: this machine has %v", features, cpu.Host())
	}
	return nil
}

// Tensor is the input: random numbers, always the same, unless there is a file.
func (f *WorkloadFlags) Tensor(m *octet.Model) (*tensor.Tensor, error) {
	p := imagesOf(m)
	f.channelsLast = p.ChannelsLast
	if f.input != "" {
		x, err := npy.ReadFile(f.input)
		dtype, axis, form := tensor.Float32, 1, fmt.Sprintf("[N, %d, H, W]", m.Channels())
		if p.Pixels {
			dtype = tensor.UInt8
		}
		if p.ChannelsLast {
			axis, form = 3, fmt.Sprintf("[N, H, W, %d]", m.Channels())
		}
		if err == nil && (x.DType() != dtype || len(x.Shape()) != 4 || x.Dim(axis) != m.Channels() || x.Numel() == 0) {
			err = fmt.Errorf("%s is %v; %s takes %v %s", f.input, x, m.Arch(), dtype, form)
		}
		return x, exit.WithCode(exit.Data, err)
	}
	h, w := f.ImageSize(m)
	r := rand.New(rand.NewPCG(1, 2))
	shape := tensor.Shape{f.batch, m.Channels(), h, w}
	if p.ChannelsLast {
		shape = tensor.Shape{f.batch, h, w, m.Channels()}
	}
	if p.Pixels {
		x := tensor.New(tensor.UInt8, shape...)
		for i := range x.Bytes() {
			x.Bytes()[i] = uint8(r.Uint32())
		}
		return x, nil
	}
	return RandomInputs(r, shape...), nil
}

// imagesOf is the model's preset where it has one.
func imagesOf(m *octet.Model) vision.Preset {
	p, _, err := m.Preset()
	if err != nil {
		return vision.Preset{}
	}
	return p
}

// ImageSize is --size, or what the model's preprocessing gives, in pixels; else 224 by
// 224.
func (f *WorkloadFlags) ImageSize(m *octet.Model) (h, w int) {
	if f.size != nil {
		return f.size[0], f.size[1]
	}
	p := imagesOf(m)
	for _, s := range [][]int{p.Crop, p.Input, p.Resize} {
		if len(s) == 2 {
			return s[0], s[1]
		}
	}
	return 224, 224
}

// Options are those of a compilation for the features in the list.
func (f *WorkloadFlags) Options(features string) engine.Options {
	return engine.Options{Threads: f.Threads, CPU: features}
}

// ComputedGraph is the graph that octet compiles of a model: an int8 one as it
// is, a float one with its batch norms folded.
func ComputedGraph(m *octet.Model) (*graph.Graph, error) {
	if m.Quantized() {
		return m.Graph(), nil
	}
	g, _, err := rewrite.Fuse(m.Graph())
	return g, exit.WithCode(exit.Model, err)
}

// RandomInputs is inputs of normally distributed numbers.
func RandomInputs(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}
