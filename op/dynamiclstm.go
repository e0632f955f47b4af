package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// DynamicLSTM is an LSTM with quantized weights, as ONNX Runtime's DynamicQuantizeLSTM: x is
// quantized dynamically as a whole, and before every step the states h of the batch are. Gates
// are (s_x*s_w*acc_x + s_h*s_r*acc_h) + (b_w + b_r), with the accumulators of both products; under
// PyTorch's presets, as torch.ao.nn.quantized.dynamic.LSTM has it, they are the sum of two dynamic
// linear layers, each with its bias.
//
// Inputs: those of LSTM, without lengths, with w [D*4*H, I] and r [D*4*H, H] in codes, per
// tensor or along axis 0.
type DynamicLSTM struct {
	LSTM LSTM `json:"lstm"`
}

// Kind is "dynamic_lstm".
func (DynamicLSTM) Kind() string { return "dynamic_lstm" }

// Results is three.
func (DynamicLSTM) Results() int { return 3 }

// Signatures: float32 with quantized weights, both of one type.
func (o DynamicLSTM) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, w := range []tensor.DType{i8, u8} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{f32, w, w, f32, i64, f32, f32, f32}, Out: f32})
	}
	return sigs
}

// Infer returns the shapes.
func (o DynamicLSTM) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 8); err != nil {
		return nil, err
	}
	if len(in) > 4 && in[4].Shape.Numel() > 0 {
		return nil, fmt.Errorf("sequences with lengths of their own; quantize the model without them")
	}
	whole := append([]graph.Fact{}, in...)
	directions := o.LSTM.Directions()
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
	return o.LSTM.Infer(whole)
}

// Eval computes one direction after the other.
func (o DynamicLSTM) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	l := o.LSTM
	r := l.recurrent()
	functions, err := r.functions()
	if err != nil {
		return nil, err
	}
	hidden := in[2].Dim(1)
	facts := graph.FactsOf(in[0], in[1], tensor.New(f32, 1, 1, hidden))
	s, err := r.sizes(facts)
	if err != nil {
		return nil, err
	}
	results := make([]*tensor.Tensor, len(out))
	for i, t := range out {
		results[i] = tensor.New(f32, t.Shape...)
	}
	w, u := newDynamicRows(ctx.Numerics, in[1], l.Directions()), newDynamicRows(ctx.Numerics, in[2], l.Directions())
	each := ctx.Numerics != quant.ONNX && ctx.Numerics != quant.NumericsUnset
	for dir := range s.Directions {
		d := &direction{Sizes: s, clip: l.Clip, act: functions[dir*3:]}
		rows := 4 * hidden
		if given(in, 3) {
			d.b = in[3].Float32s()[dir*2*rows:][:2*rows]
		}
		var peep []float32
		if given(in, 7) {
			peep = in[7].Float32s()[dir*3*hidden:]
		}
		var bw, br []float32 // that each product adds by itself
		if each && d.b != nil {
			bw, br = d.b[:rows], d.b[rows:]
		}
		gates := w.times(in[0].Float32s(), dir, bw)
		states := make([][][]float32, s.Batch)
		for n := range s.Batch {
			for i := range 2 {
				v := r.state(results[1+i], s, dir, n)
				if given(in, 5+i) {
					copy(v, r.state(in[5+i], s, dir, n))
				}
				states[n] = append(states[n], v)
			}
		}
		for step := range s.Time {
			t := step
			if l.Reversed(dir) {
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
				if l.BatchFirst {
					at = n*s.Time + t
					place = at*s.Directions + dir
				}
				x, h := gates[at*rows:][:rows], recurred[n*rows:][:rows]
				d.lstm(states[n], peep, l.InputForget, func(row int) float32 {
					if each {
						return x[row] + h[row]
					}
					return (x[row] + h[row]) + (d.bias(row) + d.bias(rows+row))
				})
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
