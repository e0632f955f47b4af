package measure

import (
	"cmp"
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
	drawn        bool // inputs are no images; known once there are some
}

// Register adds the flags to a command, those of the model among them.
func (f *WorkloadFlags) Register(cmd *cobra.Command) {
	f.Model.Register(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.Threads, "threads", 0, "threads of one run; 0 means one per core")
	fl.IntVar(&f.batch, "batch", 0, "images, or other inputs, per run (default: what the model fixes, else 1)")
	fl.IntSliceVar(&f.size, "size", nil, "`HEIGHT,WIDTH` of the images (default: what the model fixes or its preprocessing gives, else 224,224)")
	fl.StringVar(&f.input, "input", "", "`FILE`.npy with float32 [N, C, H, W] in place of random numbers")
	fl.StringVar(&f.CPU, "cpu", "", "use only these CPU features, such as avx2+fma, or none for portable code")
}

// Check refuses wrong flags before a file is read.
func (f *WorkloadFlags) Check(cmd *cobra.Command) error {
	switch {
	case f.batch < 0 || f.batch == 0 && cmd.Flags().Changed("batch"):
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

// Tensors are the inputs, in their order: random numbers, always the same, unless there is a file.
func (f *WorkloadFlags) Tensors(m *octet.Model) ([]*tensor.Tensor, error) {
	if inputs.TakesImages(m) != nil {
		f.drawn = true
		return f.draw(m)
	}
	x, err := f.image(m)
	return []*tensor.Tensor{x}, err
}

// image is the input of a model that takes images.
func (f *WorkloadFlags) image(m *octet.Model) (*tensor.Tensor, error) {
	p := imagesOf(m)
	f.channelsLast = p.ChannelsLast
	if f.input != "" {
		x, err := npy.ReadFile(f.input)
		dtype, axis, form := tensor.Float32, 1, fmt.Sprintf("[N, %d, H, W]", m.Channels())
		if m.Inputs()[0].DType == tensor.UInt8 {
			dtype = tensor.UInt8
		}
		if p.ChannelsLast {
			axis, form = 3, fmt.Sprintf("[N, H, W, %d]", m.Channels())
		}
		if err == nil && (x.DType() != dtype || len(x.Shape()) != 4 || x.Dim(axis) != m.Channels() || x.Numel() == 0) {
			err = fmt.Errorf("%s is %v; %s takes %v %s", f.input, x, m.File(), dtype, form)
		}
		if err == nil {
			err = fits(m, x.Shape())
		}
		return x, exit.WithCode(exit.Data, err)
	}
	if m.Channels() < 1 {
		return nil, exit.Usagef("%s takes %v: --shape NAME=N,C,H,W says how many channels", m.File(), m.Inputs()[0])
	}
	h, w := f.ImageSize(m)
	batch := f.batch
	if fixed := declared(m); batch == 0 && fixed[0] > 0 {
		batch = fixed[0]
	}
	x := randomImages(rand.New(rand.NewPCG(1, 2)), m, max(1, batch), h, w)
	if err := fits(m, x.Shape()); err != nil {
		return nil, exit.Usagef("%w; --batch, --size and --shape choose it", err)
	}
	return x, nil
}

// RandomImage is an input of m for one image of random numbers.
func RandomImage(r *rand.Rand, m *octet.Model, h, w int) *tensor.Tensor {
	return randomImages(r, m, 1, h, w)
}

// randomImages are such inputs for n images: pixels where m takes those.
func randomImages(r *rand.Rand, m *octet.Model, n, h, w int) *tensor.Tensor {
	shape := tensor.Shape{n, m.Channels(), h, w}
	if imagesOf(m).ChannelsLast {
		shape = tensor.Shape{n, h, w, m.Channels()}
	}
	if m.Inputs()[0].DType == tensor.Float32 {
		return RandomInputs(r, shape...)
	}
	x := tensor.New(tensor.UInt8, shape...)
	for i := range x.Uint8s() {
		x.Uint8s()[i] = uint8(r.Uint32())
	}
	return x
}

// imagesOf is the model's preset where it has one.
func imagesOf(m *octet.Model) vision.Preset {
	p, _, err := m.Preset()
	if err != nil {
		return vision.Preset{}
	}
	return p
}

// declared are the extents of the only input of a model, below 1 where any are accepted.
func declared(m *octet.Model) tensor.Shape {
	if takes := m.Inputs(); len(takes) == 1 && len(takes[0].Shape) == 4 {
		return takes[0].Shape
	}
	return tensor.Shape{-1, -1, -1, -1}
}

// fits returns an error if a model's only input cannot have that shape.
func fits(m *octet.Model, shape tensor.Shape) error {
	for i, n := range declared(m) {
		if n > 0 && n != shape[i] {
			return fmt.Errorf("an input of shape %v; %s takes %v", shape, m.File(), m.Inputs()[0])
		}
	}
	return nil
}

// ImageSize is --size, or what an ONNX file or --shape fixes, or what the model's preprocessing
// gives, in pixels; else 224 by 224.
func (f *WorkloadFlags) ImageSize(m *octet.Model) (h, w int) {
	if f.size != nil {
		return f.size[0], f.size[1]
	}
	h, w = prepared(m)
	s := declared(m)
	height, width := s[2], s[3]
	if imagesOf(m).ChannelsLast {
		height, width = s[1], s[2]
	}
	if height > 0 || width > 0 {
		h, w = cmp.Or(max(0, height), h), cmp.Or(max(0, width), w)
	}
	return h, w
}

// prepared is the size of images that the model's preprocessing gives.
func prepared(m *octet.Model) (h, w int) {
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
