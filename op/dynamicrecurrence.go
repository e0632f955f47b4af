package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// dynamicSignatures are those of a recurrence with quantized weights, both of one type, and so
// many operands behind the lengths.
func dynamicSignatures(behind int) []graph.Signature {
	var sigs []graph.Signature
	for _, w := range []tensor.DType{i8, u8} {
		s := graph.Signature{In: []tensor.DType{f32, w, w, f32, i64}, Out: f32}
		for range behind {
			s.In = append(s.In, f32)
		}
		sigs = append(sigs, s)
	}
	return sigs
}

// byDirections are the operands of a recurrence with quantized weights, of which there are most at
// the utmost, with an axis of directions in the weights, as the float one has them.
func byDirections(in []graph.Fact, most, directions int) ([]graph.Fact, error) {
	if err := arity(in, 3, most); err != nil {
		return nil, err
	}
	if len(in) > 4 && in[4].Shape.Numel() > 0 {
		return nil, fmt.Errorf("sequences with lengths of their own; quantize the model without them")
	}
	whole := append([]graph.Fact{}, in...)
	for i := 1; i <= 2; i++ {
		s := in[i].Shape
		if len(s) != 2 || s[0]%directions != 0 {
			return nil, fmt.Errorf("input %d has shape %v; expected the rows of %d directions", i, s, directions)
		}
		if err := checkZeroPoints(in[i], s[1]); err != nil {
			return nil, err
		}
		whole[i].Shape = tensor.Shape{directions, s[0] / directions, s[1]}
	}
	return whole, nil
}

// dynamicCell computes the next states of one sequence, in place, from what its element x and its
// state h add to the gates.
type dynamicCell func(d *direction, dir int, x, h []float32, states [][]float32)

// dynamic runs next over all sequences. x is quantized as a whole, and before every step the
// states of the batch are. With each, both products add their biases.
func (r recurrent) dynamic(numerics quant.Numerics, in []*tensor.Tensor, out []graph.Type, each bool, next dynamicCell) ([]*tensor.Tensor, error) {
	functions, err := r.functions()
	if err != nil {
		return nil, err
	}
	hidden := in[2].Dim(1)
	s, err := r.sizes(graph.FactsOf(in[0], in[1], tensor.New(f32, 1, 1, hidden)))
	if err != nil {
		return nil, err
	}
	results := make([]*tensor.Tensor, len(out))
	for i, t := range out {
		results[i] = tensor.New(f32, t.Shape...)
	}
	w, u := newDynamicRows(numerics, in[1], s.Directions), newDynamicRows(numerics, in[2], s.Directions)
	rows := r.gates * hidden
	for dir := range s.Directions {
		d := &direction{Sizes: s, clip: r.Clip, act: functions[dir*len(r.usual):]}
		if given(in, 3) {
			d.b = in[3].Float32s()[dir*2*rows:][:2*rows]
		}
		var bw, br []float32 // that each product adds by itself
		if each && d.b != nil {
			bw, br = d.b[:rows], d.b[rows:]
		}
		gates := w.times(in[0].Float32s(), dir, bw)
		states := make([][][]float32, s.Batch)
		for n := range s.Batch {
			for i := range r.states {
				v := r.state(results[1+i], s, dir, n)
				if given(in, 5+i) {
					copy(v, r.state(in[5+i], s, dir, n))
				}
				states[n] = append(states[n], v)
			}
		}
		for step := range s.Time {
			t := step
			if r.Reversed(dir) {
				t = s.Time - 1 - step
			}
			before := make([]float32, 0, s.Batch*hidden)
			for n := range s.Batch {
				before = append(before, states[n][0]...)
			}
			recurred := u.times(before, dir, br)
			for n := range s.Batch {
				at := t*s.Batch + n
				place := (t*s.Directions+dir)*s.Batch + n
				if r.BatchFirst {
					at = n*s.Time + t
					place = at*s.Directions + dir
				}
				next(d, dir, gates[at*rows:][:rows], recurred[n*rows:][:rows], states[n])
				copy(results[0].Float32s()[place*hidden:], states[n][0])
			}
		}
	}
	return results, nil
}

// dynamicRows is a quantized weight, of all directions, by which dynamically quantized rows are
// multiplied.
type dynamicRows struct {
	numerics   quant.Numerics
	w          []int32
	q          *tensor.QParams
	rows, size int // of a direction
}

func newDynamicRows(n quant.Numerics, w *tensor.Tensor, directions int) dynamicRows {
	return dynamicRows{n, centred(w), w.QParams(), w.Dim(0) / directions, w.Dim(1)}
}

// times is the product of x, rows of size numbers, and the weight of a direction, plus bias, by
// row of the weight, unless that is nil.
func (m dynamicRows) times(x []float32, dir int, bias []float32) []float32 {
	lo, hi := RangeOf(x)
	scale, rule := quant.NewDynamicQuantizer(m.numerics, lo, hi)
	codes := make([]int32, len(x))
	for i, v := range x {
		codes[i] = rule.Code(v) - rule.Zero
	}
	y := make([]float32, len(x)/m.size*m.rows)
	for i := range y {
		row := dir*m.rows + i%m.rows
		sum := dot(codes, m.w, i/m.rows*m.size, row*m.size, m.size)
		times := float32(scale * quant.DynamicWeightScale(m.numerics, m.q.Scales[channelOf(m.q, row)]))
		switch {
		case bias == nil:
			y[i] = float32(sum) * times
		case quant.DynamicFused(m.numerics):
			y[i] = quant.FMA32(float32(sum), times, bias[i%m.rows])
		default:
			y[i] = float32(float32(sum)*times) + bias[i%m.rows]
		}
	}
	return y
}
