package engine

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerWeightOnly makes a product of float32 rows with weights that stay in 8 bits.
func lowerWeightOnly(n *graph.Node, l op.WeightOnlyLinear, t target) (operation, string, error) {
	if reason := codedReason(n.Inputs[1]); reason != "" {
		return nil, reason, nil
	}
	switch {
	case n.Inputs[0].Role == graph.Parameter:
		return nil, "its operand is a parameter", nil
	case len(n.Inputs) > 2 && n.Inputs[2].Role != graph.Parameter:
		return nil, "its bias is computed", nil
	}
	w := n.Inputs[1].Data
	s, err := l.Matrix(w.Shape())
	if err != nil {
		return nil, "", nil // Infer will say what is wrong
	}
	codes, err := t.codes(w)
	if err != nil {
		return nil, "", err
	}
	if len(n.Inputs) > 2 {
		if err := n.Inputs[2].Data.Load(); err != nil {
			return nil, "", err
		}
	}
	o := product32{geometry: geometry{groups: 1, in: s[1], out: s[0], taps: 1}, pad: make([]float32, s[1]), k: sgemm.Select(sgemm.Table, t.cpu), narrow: true}
	o.lo, o.hi = clampOf(l.Linear.Act)
	packed := sgemm.Codes{X: codes, Group: w.Dim(1), Scales: make([]float32, w.Dim(0)), Zeros: make([]float32, w.Dim(0))}
	zeros := zeroPoints(graph.TypeOf(w), w.Dim(0)) // of signed codes
	for i := range packed.Scales {
		packed.Scales[i] = float32(w.QParams().Scales[i%len(w.QParams().Scales)])
		if zeros != nil {
			packed.Zeros[i] = float32(zeros[i])
		}
	}
	o.weights = []*sgemm.Weights{o.k.PackCodes(t.memory, packed, s[0], s[1], biasOf(n))}
	return linear32{o}, "", nil
}

// codedReason says why no kernel covers codes that stand for numbers, or "".
func codedReason(w *graph.Value) string {
	switch {
	case w.Role != graph.Parameter:
		return "its weights are computed"
	case w.Type.Q.FloatZeroPoints != nil:
		return "zero points are no whole numbers"
	case !perTensor(w.Type) && w.Type.Q.Axis != 0:
		return "weights are quantized along another axis than 0"
	}
	return ""
}

// narrowRows are how many rows a piece has at least, where there are as many: each piece makes
// numbers of all its weights.
const narrowRows = 96

// divideNarrow is divide for weights of 8 bits.
func (e extent) divideNarrow(unit, nr, threads int) division {
	d := division{m: e.m, n: e.n, groups: 1, cols: roundUp(e.n, nr)}
	if threads > 1 {
		d.cols = min(d.cols, roundUp(divUp(e.n, 4*threads), nr))
	}
	d.rows = max(narrowRows, rowsBytes/max(1, e.k*e.bytes))
	d.even(unit)
	return d
}

// lowerEmbedding makes numbers of the rows of a table of codes.
func lowerEmbedding(n *graph.Node, t target) (operation, string, error) {
	table := n.Inputs[0]
	if reason := codedReason(table); reason != "" {
		return nil, reason, nil
	}
	if n.Inputs[1].Role == graph.Parameter {
		return nil, "its indices are a parameter", nil
	}
	if len(table.Data.Shape()) != 2 {
		return nil, "", nil // Infer will say what is wrong
	}
	if err := table.Data.Load(); err != nil {
		return nil, "", err
	}
	e := embedding{entries: table.Data.Dim(0), width: table.Data.Dim(1), q: table.Data.QParams()}
	if table.Data.DType() == tensor.QInt8 {
		e.signed = table.Data.Int8s()
	} else {
		e.unsigned = table.Data.Uint8s()
	}
	return e, "", nil
}

// embedding is an operation that reads rows of its table, which it keeps.
type embedding struct {
	lastInnermost
	entries, width int
	q              *tensor.QParams
	signed         []int8 // [entries][width], or nil
	unsigned       []uint8
}

func (embedding) packsParameters() {}

func (embedding) kernel() (string, string) { return "embedding", "go" }

func (e embedding) fix(_, outs []desc, threads int) (fixed, error) {
	rows := 0
	if e.width > 0 {
		rows = outs[0].Shape.Numel() / e.width
	}
	return fixedEmbedding{e, splitRuns(rows, divUp(shortest, max(1, 4*e.width)), threads)}, nil
}

type fixedEmbedding struct {
	embedding
	runs
}

func (fixedEmbedding) macs() int64  { return 0 }
func (fixedEmbedding) scratch() int { return 0 }

func (f fixedEmbedding) bind(in, outs []memory, _ [][]uint64) step {
	return &embeddingStep{taskEmbedding{f, view[int64](in[0]), outs[0].reals()}}
}

type taskEmbedding struct {
	fixedEmbedding
	index []int64
	out   []float32
}

// embeddingStep checks the indices before anything is written.
type embeddingStep struct{ taskEmbedding }

func (s *embeddingStep) exec(p *parallel.Pool) error {
	for _, v := range s.index {
		if _, err := (op.WeightOnlyEmbedding{}).Row(v, s.entries); err != nil {
			return fmt.Errorf("weight_only_embedding: %w", err)
		}
	}
	p.Run(s.count, &s.taskEmbedding)
	return nil
}

func (t *taskEmbedding) Do(_, i int) {
	for l, end := t.bounds(i); l < end; l++ {
		row, _ := op.WeightOnlyEmbedding{}.Row(t.index[l], t.entries)
		c := row % len(t.q.Scales)
		rule := quant.Dequantizer{Scale: float32(t.q.Scales[c]), Zero: int32(t.q.ZeroPoints[c])}
		to := t.out[l*t.width:][:t.width]
		if t.signed != nil {
			for j, v := range t.signed[row*t.width:][:t.width] {
				to[j] = rule.Real(int32(v))
			}
			continue
		}
		for j, v := range t.unsigned[row*t.width:][:t.width] {
			to[j] = rule.Real(int32(v))
		}
	}
}
