package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// averageCodes averages codes by ONNX Runtime's rules that the kernels of pooling do not have: numbers
// are added in float32 in the order of rows, and results have a scale and a zero point of their own.
type averageCodes[A int32 | float32] struct {
	list  windowsOf
	value *[256]A // what a stored code adds
	code  func(sum A, div int) uint8
}

// lowest is the code of type d that is stored as 0.
func lowest(d tensor.DType) int32 {
	if d == tensor.QInt8 {
		return -128
	}
	return 0
}

// lowerRealAverage lowers windows of codes under the preset onnx.
func lowerRealAverage(n *graph.Node, d tensor.DType, list windowsOf) operation {
	from := n.Inputs[0].Type.Q
	rule, first := quant.NewRealAverage(from, n.Output().Type.Q, d), lowest(d)
	reals := quant.NewDequantizer(quant.Unsigned(from, d)).Table(false)
	return averageCodes[float32]{list, reals, func(sum float32, div int) uint8 { return uint8(rule.Code(sum, div) - first) }}
}

// notRescaled is why an average with parameters of its own is not lowered under another preset
// than onnx.
func notRescaled(n quant.Numerics) string {
	return "an average with parameters of its own under the preset " + n.String()
}

// lowerRescaled lowers an average with parameters of its own, under the preset onnx.
func lowerRescaled(n *graph.Node, rule *quant.Average, list windowsOf) operation {
	d := n.Output().Type.DType
	first, zero := lowest(d), int32(quant.Unsigned(n.Inputs[0].Type.Q, d).ZeroPoint())
	var distances [256]int32
	for i := range distances {
		distances[i] = int32(i) - zero
	}
	return averageCodes[int32]{list, &distances, func(sum int32, div int) uint8 {
		return uint8(rule.CodeOf(sum, rule.Multiplier(div)) - first)
	}}
}

func (averageCodes[A]) kernel() (string, string) { return "average_codes", "go" }

func (o averageCodes[A]) fix(in, outs []desc, threads int) (fixed, error) {
	x := in[0].Shape
	f := fixedAverageCodes[A]{averageCodes: o, windows: o.list(x, outs[0].Shape), channels: x[1], image: x[1:].Numel()}
	rows := len(f.start) - 1
	f.runs = splitRuns(x[0]*rows, divUp(shortest, max(1, f.channels*len(f.cells)/max(1, rows))), threads)
	return f, nil
}

type fixedAverageCodes[A int32 | float32] struct {
	averageCodes[A]
	windows
	runs
	channels, image int
}

func (fixedAverageCodes[A]) macs() int64    { return 0 }
func (f fixedAverageCodes[A]) scratch() int { return f.channels }

func (f fixedAverageCodes[A]) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskAverageCodes[A]{fixedAverageCodes: f, in: in[0].codes(), out: outs[0].codes()}
	for _, s := range scratch {
		t.sums = append(t.sums, words[A](s)[:f.channels])
	}
	return pieces{f.count, t}
}

type taskAverageCodes[A int32 | float32] struct {
	fixedAverageCodes[A]
	in, out []uint8
	sums    [][]A // by worker
}

func (t *taskAverageCodes[A]) Do(worker, i int) {
	sums, rows := t.sums[worker], len(t.start)-1
	for m, to := t.bounds(i); m < to; m++ {
		clear(sums)
		row, image := m%rows, t.in[m/rows*t.image:]
		cells := t.cells[t.start[row]:t.start[row+1]]
		for _, cell := range cells {
			for c, code := range image[int(cell)*t.channels:][:len(sums)] {
				sums[c] += t.value[code]
			}
		}
		div := len(cells)
		if t.divisors != nil {
			div = t.divisors[row]
		}
		for c, out := 0, t.out[m*t.channels:][:len(sums)]; c < len(out); c++ {
			out[c] = t.code(sums[c], div)
		}
	}
}
