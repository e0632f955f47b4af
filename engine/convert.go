package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// identity leaves its operand as it is: the stubs of a float graph.
type identity struct{ relabeled }

func (identity) kernel() (string, string) { return "identity", "go" }

func (identity) wishes(_, out []desc) []order { return []order{out[0].order} }

func (identity) relabel(in, _ desc) (order, bool) { return in.order, true }

// relabeled is for operations that are never computed.
type relabeled struct{}

func (relabeled) fix(_, _ []desc, _ int) (fixed, error) {
	panic("engine: what only gives another name to memory is never computed")
}

func lowerQuantize(n *graph.Node, t target) (operation, string) {
	out := n.Output().Type
	switch {
	case out.DType == tensor.Float32:
		return identity{}, ""
	case !out.Q.IsPerTensor():
		return nil, "quantized per channel"
	}
	return conversion{k: quantize.Select(quantize.Table, false, t.cpu), rule: quant.NewActivationQuantizer(t.numerics, out.Q, out.DType)}, ""
}

func lowerDequantize(n *graph.Node, t target) (operation, string) {
	in := n.Inputs[0].Type
	switch {
	case in.DType == tensor.Float32:
		return identity{}, ""
	case !in.Q.IsPerTensor():
		return nil, "quantized per channel"
	}
	return numbersOf(quant.NewDequantizer(quant.Unsigned(in.Q, in.DType)), t), ""
}

// numbersOf makes numbers of unsigned codes.
func numbersOf(real quant.Dequantizer, t target) conversion {
	return conversion{k: quantize.Select(quantize.Table, true, t.cpu), real: real, reals: real.Table(false)}
}

// conversion quantizes or dequantizes.
type conversion struct {
	anyOrder
	k    *quantize.Kernel
	rule quant.Quantizer // to codes

	// To numbers.
	real  quant.Dequantizer
	reals *[256]float32
}

func (c conversion) kernel() (string, string) { return c.k.Name, c.k.ISA }

func (c conversion) fix(_, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	return fixedConversion{c, splitRuns(out.Shape.Numel(), shortest, threads)}, nil
}

type fixedConversion struct {
	conversion
	runs
}

func (fixedConversion) macs() int64  { return 0 }
func (fixedConversion) scratch() int { return 0 }

func (c fixedConversion) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskConversion{c, in[0].reals(), out.codes(), make([]quantize.Call, len(scratch))}
	if c.k.ToReal {
		t.real, t.codes = out.reals(), in[0].codes()
	}
	for i := range t.calls {
		t.calls[i] = quantize.Call{Rule: c.rule, ToReal: c.real, Reals: c.reals}
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
