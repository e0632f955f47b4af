package autodiff

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Role is the kind of a parameter, on which weight decay depends.
type Role uint8

// The roles.
const (
	Weight     Role = iota // of a convolution or a linear layer
	Bias                   // of one
	NormWeight             // gamma of a norm
	NormBias               // beta of one
	StepSize               // scale of a learnable fake quantization
	ZeroPoint              // its zero point
)

// Param is a trained tensor. Data and Grad are in the layout of training: a
// weight [O, I, ...] is stored as [..., I, O], everything else row-major.
type Param struct {
	Name  string       // its key in the state dict
	Role  Role         // what it is in its layer
	Shape tensor.Shape // PyTorch's
	Data  []float32    // its values, which the optimiser changes
	Grad  []float32    // of the loss, as long as Data; a step overwrites it

	// Fixed parameters are not trained at the moment: they have no gradient, and an
	// optimiser leaves them alone.
	Fixed bool
}

func newParam(v *graph.Value, role Role) *Param {
	p := &Param{Name: v.Name, Role: role, Shape: v.Type.Shape.Clone()}
	n := p.Shape.Numel()
	p.Data, p.Grad = make([]float32, n), make([]float32, n)
	p.Set(v.Data.Float32s())
	return p
}

// Set copies a row-major tensor into Data.
func (p *Param) Set(src []float32) { p.SetInto(p.Data, src) }

// SetInto copies a row-major tensor into x, which has the layout of Data: the state of
// an optimiser, an average.
func (p *Param) SetInto(x, src []float32) {
	outs, ins, taps := p.dims()
	if outs == 1 {
		copy(x, src)
		return
	}
	size := ins * taps
	for first := 0; first < outs; first += lane { // whole cache lines of x
		last := min(first+lane, outs)
		for i := range ins {
			for t := range taps {
				to := x[(t*ins+i)*outs:]
				for o, from := first, first*size+i*taps+t; o < last; o, from = o+1, from+size {
					to[o] = src[from]
				}
			}
		}
	}
}

// Tensor returns Data as a tensor of PyTorch's layout.
func (p *Param) Tensor() *tensor.Tensor { return p.TensorOf(p.Data) }

// GradTensor returns Grad as a tensor of PyTorch's layout.
func (p *Param) GradTensor() *tensor.Tensor { return p.TensorOf(p.Grad) }

// TensorOf returns x, which lies as Data does, as a tensor of PyTorch's layout.
func (p *Param) TensorOf(x []float32) *tensor.Tensor {
	result := tensor.New(tensor.Float32, p.Shape...)
	dst := result.Float32s()
	outs, ins, taps := p.dims()
	if outs == 1 {
		copy(dst, x)
		return result
	}
	size := ins * taps
	for first := 0; first < outs; first += lane {
		last := min(first+lane, outs)
		for i := range ins {
			for t := range taps {
				from := x[(t*ins+i)*outs:]
				for o, to := first, first*size+i*taps+t; o < last; o, to = o+1, to+size {
					dst[to] = from[o]
				}
			}
		}
	}
	return result
}

// lane is how many output channels are copied at a time: a cache line.
const lane = 16

// dims are output channels, input channels and filter taps; all that has no
// layout of its own counts as input.
func (p *Param) dims() (outs, ins, taps int) {
	if p.Role != Weight || len(p.Shape) < 2 {
		return 1, len(p.Data), 1
	}
	return p.Shape[0], p.Shape[1], p.Shape[2:].Numel()
}

// Norm is the state of a batch norm beside its parameters.
type Norm struct {
	Name         string    // of the module
	Weight, Bias *Param    // factor and summand by channel
	Mean, Var    []float32 // running statistics
	Batches      int64     // num_batches_tracked
	Eps          float64   // added to the variance

	mean, variance *graph.Value
}

// Momentum is the weight of a batch in the running statistics: PyTorch's default.
const Momentum = 0.1
