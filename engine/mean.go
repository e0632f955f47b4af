package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// mean averages codes over the image as real numbers, in PyTorch's order of
// additions.
type mean struct {
	reals  *[256]float32
	rule   quant.Quantizer
	lowest int32 // the code stored as 0: -128 for qint8, 0 for quint8

	contiguous bool // op.Mean's
}

func lowerMean(n *graph.Node, m op.Mean, t target) (operation, string) {
	d, reason := arithmetic(n)
	switch {
	case reason != "":
		return nil, reason
	case d == tensor.Float32:
		any := reduce{m.Axes, reductions["mean"], "mean"}
		if !m.OverImage() {
			return any, ""
		}
		image, reason := lowerMeanPool(n, t)
		return imageMean{any, image}, reason
	}
	if m.Rescaled && t.numerics != quant.ONNX {
		return nil, notRescaled(t.numerics)
	}
	if _, ok := quant.NewMeanAverage(t.numerics, n.Inputs[0].Type.Q, n.Output().Type.Q, d); ok {
		return lowerMeanPool(n, t)
	}
	real := quant.NewDequantizer(quant.Unsigned(n.Inputs[0].Type.Q, d))
	return mean{real.Table(false), quant.NewQuantizer(n.Output().Type.Q, d), lowest(d), m.Contiguous}, ""
}

func (mean) kernel() (string, string) { return "mean", "go" }

func (o mean) fix(in, _ []desc, threads int) (fixed, error) {
	x := in[0].Shape
	f := fixedMean{mean: o, channels: x[1], pixels: x[2] * x[3], blocks: divUp(x[1], quant.SumWidth)}
	f.runs = splitRuns(x[0]*f.blocks, divUp(shortest, quant.SumWidth*max(1, f.pixels)), threads)
	return f, nil
}

type fixedMean struct {
	mean
	runs                     // of blocks of channels, image after image
	channels, pixels, blocks int
}

func (fixedMean) macs() int64  { return 0 }
func (fixedMean) scratch() int { return 0 }

func (f fixedMean) bind(in, outs []memory, _ [][]uint64) step {
	out := outs[0]
	return pieces{f.count, &taskMean{f, in[0].codes(), out.codes()}}
}

type taskMean struct {
	fixedMean
	in, out []uint8
}

func (t *taskMean) Do(_, i int) {
	from, to := t.bounds(i)
	for b := from; b < to; b++ {
		image, c := b/t.blocks, b%t.blocks*quant.SumWidth
		p := quant.Plane{
			Codes: t.in[image*t.pixels*t.channels+c:], Step: t.channels, Pixels: t.pixels, Reals: t.reals, Channels: t.channels,
		}
		var sums [quant.SumWidth]float32
		n := min(quant.SumWidth, t.channels-c)
		if t.contiguous {
			for k := range n {
				sums[k] = p.SumPixels(k)
			}
		} else {
			p.Sum(sums[:n], c)
		}
		out := t.out[image*t.channels+c:][:n]
		for k := range out {
			out[k] = uint8(t.rule.Code(sums[k]/float32(t.pixels)) - t.lowest)
		}
	}
}
