package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// averageCodes averages codes by ONNX Runtime's rule that the kernels of pooling do not have: numbers
// are added in float32 in the order of rows.
type averageCodes struct {
	list  windowsOf
	value *[256]float32 // what a stored code adds
	code  func(sum float32, div int) uint8
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
	return averageCodes{list, reals, func(sum float32, div int) uint8 { return uint8(rule.Code(sum, div) - first) }}
}

// notRescaled is why an average with parameters of its own is not lowered under another preset
// than onnx.
func notRescaled(n quant.Numerics) string {
	return "an average with parameters of its own under the preset " + n.String()
}

func (averageCodes) kernel() (string, string) { return "average_codes", "go" }

func (o averageCodes) fix(in, outs []desc, threads int) (fixed, error) {
	x := in[0].Shape
	f := fixedAverageCodes{averageCodes: o, windows: o.list(x, outs[0].Shape), channels: x[1], image: x[1:].Numel()}
	rows := len(f.start) - 1
	f.runs = splitRuns(x[0]*rows, divUp(shortest, max(1, f.channels*len(f.cells)/max(1, rows))), threads)
	return f, nil
}

type fixedAverageCodes struct {
	averageCodes
	windows
	runs
	channels, image int
}

func (fixedAverageCodes) macs() int64    { return 0 }
func (f fixedAverageCodes) scratch() int { return f.channels }

func (f fixedAverageCodes) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskAverageCodes{fixedAverageCodes: f, in: in[0].codes(), out: outs[0].codes()}
	for _, s := range scratch {
		t.sums = append(t.sums, words[float32](s)[:f.channels])
	}
	return pieces{f.count, t}
}

type taskAverageCodes struct {
	fixedAverageCodes
	in, out []uint8
	sums    [][]float32 // by worker
}

func (t *taskAverageCodes) Do(worker, i int) {
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
