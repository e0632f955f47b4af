package train

import (
	"context"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Model is what is trained: a Float, or a qat.Model.
type Model interface {
	// Forward runs a batch, float32 [N, C, H, W], and returns the logits, valid until
	// the next call.
	Forward(ctx context.Context, x *tensor.Tensor) ([]float32, error)
	// Gradient is where the gradient of those logits has to be set before Backward.
	Gradient() []float32
	// Backward sets the gradients of the parameters.
	Backward(ctx context.Context) error
	Params() []*Param // in the order of the state dict; learnable scales and zero points last
	Norms() []*Norm   // batch norms with their running statistics
	Threads() int     // of a step
	// StateDict and Load write and read everything that training changes.
	StateDict() (*torch.StateDict, error)
	Load(sd *torch.StateDict) error
}

// Quantizing is a Model in quantization-aware training.
type Quantizing interface {
	Model
	// FreezeObservers keeps the scales and zero points of activations as they are.
	FreezeObservers()
	// LearnScales lets the gradient decide scales and zero points from now on.
	LearnScales()
	// FreezeNorms keeps the statistics of batch norms as they are.
	FreezeNorms() error
}

// Float is a float model in training.
type Float struct {
	program *autodiff.Program
	graph   *graph.Graph
	step    *autodiff.Step
}

// NewFloat prepares a float graph, unfused and bound, for training.
func NewFloat(g *graph.Graph, opts Options) (*Float, error) {
	p, err := autodiff.Compile(g, opts)
	if err != nil {
		return nil, err
	}
	return &Float{program: p, graph: g}, nil
}

// Forward implements Model.
func (f *Float) Forward(ctx context.Context, x *tensor.Tensor) ([]float32, error) {
	s, err := f.program.Step(x.Shape())
	if err != nil {
		return nil, err
	}
	f.step = s
	return s.Forward(ctx, x)
}

// Gradient implements Model.
func (f *Float) Gradient() []float32 { return f.step.Gradient() }

// Backward implements Model.
func (f *Float) Backward(ctx context.Context) error { return f.step.Backward(ctx) }

// Params implements Model.
func (f *Float) Params() []*Param { return f.program.Params() }

// Norms implements Model.
func (f *Float) Norms() []*Norm { return f.program.Norms() }

// Threads implements Model.
func (f *Float) Threads() int { return f.program.Threads() }

// Graph returns the graph with the parameters as they are now.
func (f *Float) Graph() *graph.Graph { return f.program.Graph() }

// Bytes is the memory of the last step.
func (f *Float) Bytes() int { return f.step.Bytes() }

// StateDict is that of PyTorch's float model.
func (f *Float) StateDict() (*torch.StateDict, error) {
	sd, err := statedict.ExportStateDict(f.program.Graph())
	if err != nil {
		return nil, err
	}
	for _, n := range f.program.Norms() {
		sd.SetTensor(n.Name+".num_batches_tracked", tensor.Of([]int64{n.Batches}))
	}
	return sd, nil
}

// Load reads a state dict of PyTorch's float model.
func (f *Float) Load(sd *torch.StateDict) error {
	g, err := statedict.Bind(f.graph, sd)
	if err != nil {
		return err
	}
	for _, p := range f.program.Params() {
		v, _ := g.Param(p.Name)
		p.Set(v.Data.Float32s())
	}
	for _, n := range f.program.Norms() {
		mean, _ := g.Param(n.Name + ".running_mean")
		variance, _ := g.Param(n.Name + ".running_var")
		copy(n.Mean, mean.Data.Float32s())
		copy(n.Var, variance.Data.Float32s())
		if t, ok := sd.Tensor(n.Name + ".num_batches_tracked"); ok && t.DType() == tensor.Int64 && t.Numel() == 1 {
			n.Batches = t.Int64s()[0]
		}
	}
	return nil
}
