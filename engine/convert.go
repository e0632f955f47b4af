package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// identity leaves its operand as it is: the stubs of a float graph.
type identity struct{}

func (identity) kernel() (string, string)     { return "identity", "go" }
func (identity) aliases(_, _ graph.Type) bool { return true }
func (identity) fix([]graph.Type, graph.Type, int) (fixed, error) {
	panic("engine: an identity is never computed")
}

func lowerQuantize(n *graph.Node, t target) (operation, string) {
	out := n.Output().Type
	switch {
	case activations(n) != 1:
		return nil, "its operand is a parameter"
	case out.DType == tensor.Float32:
		return identity{}, ""
	case !out.Q.IsPerTensor():
		return nil, "quantized per channel"
	}
	return conversion{k: quantize.Select(quantize.Table, false, t.cpu), rule: quant.NewQuantizer(out.Q, out.DType)}, ""
}

func lowerDequantize(n *graph.Node, t target) (operation, string) {
	in := n.Inputs[0].Type
	switch {
	case activations(n) != 1:
		return nil, "its operand is a parameter"
	case in.DType == tensor.Float32:
		return identity{}, ""
	case !in.Q.IsPerTensor():
		return nil, "quantized per channel"
	}
	c := conversion{k: quantize.Select(quantize.Table, true, t.cpu), real: quant.NewDequantizer(in.Q), signed: in.DType == tensor.QInt8}
	c.reals = c.real.Table(c.signed)
	return c, ""
}

// conversion turns numbers into codes or back.
type conversion struct {
	k    *quantize.Kernel
	rule quant.Quantizer // to codes

	// To numbers.
	real   quant.Dequantizer
	signed bool
	reals  *[256]float32
}

func (c conversion) kernel() (string, string) { return c.k.Name, c.k.ISA }

func (c conversion) fix(_ []graph.Type, out graph.Type, threads int) (fixed, error) {
	return fixedConversion{c, splitRuns(out.Shape.Numel(), shortest, threads)}, nil
}

type fixedConversion struct {
	conversion
	runs
}

func (fixedConversion) macs() int64  { return 0 }
func (fixedConversion) scratch() int { return 0 }

func (c fixedConversion) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskConversion{c, in[0].reals(), out.codes(), make([]quantize.Call, len(scratch))}
	if c.k.ToReal {
		t.real, t.codes = out.reals(), in[0].codes()
	}
	for i := range t.calls {
		t.calls[i] = quantize.Call{Rule: c.rule, ToReal: c.real, Signed: c.signed, Reals: c.reals}
	}
	return pieces{c.runs.count, t}
}

type taskConversion struct {
	fixedConversion
	real  []float32
	codes []uint8
	calls []quantize.Call
}

func (t *taskConversion) Do(worker, i int) {
	c := &t.calls[worker]
	from, to := t.bounds(i)
	c.Real, c.Codes = t.real[from:to], t.codes[from:to]
	t.k.Run(c)
}

// flatten changes the shape only, except that the channels of images have to
// move to where a tensor has them.
type flatten struct{}

func (flatten) kernel() (string, string) { return "transpose", "go" }

func (flatten) aliases(in, out graph.Type) bool {
	return rowMajor(in.Shape) && rowMajor(out.Shape) || in.Shape.Equal(out.Shape)
}

func (flatten) fix(in []graph.Type, out graph.Type, _ int) (fixed, error) {
	return fixedFlatten{in[0], out}, nil
}

type fixedFlatten struct{ in, out graph.Type }

func (fixedFlatten) macs() int64 { return 0 }

// scratch holds the row-major order between two orders of images.
func (f fixedFlatten) scratch() int {
	if rowMajor(f.in.Shape) || rowMajor(f.out.Shape) {
		return 0
	}
	return divUp(f.in.Shape.Numel()*f.in.DType.Size(), 8)
}

func (f fixedFlatten) bind(in []memory, out memory, scratch [][]uint64) step {
	between := memory(words[byte](scratch[0]))
	if f.in.DType == tensor.Float32 {
		return flattenStep[float32]{f, in[0].reals(), out.reals(), between.reals()}
	}
	return flattenStep[uint8]{f, in[0].codes(), out.codes(), between.codes()}
}

type flattenStep[T any] struct {
	fixedFlatten
	from, to, between []T
}

func (f flattenStep[T]) exec(*parallel.Pool) error {
	a, b := f.in.Shape, f.out.Shape
	switch {
	case rowMajor(b):
		layout.Transpose(f.to, f.from, a[0], a[2]*a[3], a[1])
	case rowMajor(a):
		layout.Transpose(f.to, f.from, b[0], b[1], b[2]*b[3])
	default:
		layout.Transpose(f.between, f.from, a[0], a[2]*a[3], a[1])
		layout.Transpose(f.to, f.between[:len(f.from)], b[0], b[1], b[2]*b[3])
	}
	return nil
}
