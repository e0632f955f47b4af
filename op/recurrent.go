package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Recurrence is what recurrent operators have in common, as ONNX defines it.
//
// Inputs: x [T, N, I]; w [D, G*H, I]; r [D, G*H, H]; optionally b [D, 2*G*H], the biases of w
// and of r; lengths [N] in int64; h [D, N, H]; and those that the operator adds. D is the
// number of directions, G that of gates. An empty tensor stands for an operand that is left out
// in front of others. Results: y [T, D, N, H], and the last states [D, N, H]. With BatchFirst x
// is [N, T, I], y [N, T, D, H] and states [N, D, H].
type Recurrence struct {
	Direction   string    `json:"direction,omitempty"`   // "", "reverse" or "bidirectional"
	Activations []string  `json:"activations,omitempty"` // of each direction; nil for the operator's defaults
	Alpha       []float32 `json:"alpha,omitempty"`       // first parameters of the activations that have one, in order
	Beta        []float32 `json:"beta,omitempty"`        // the second parameters, as Alpha the first
	Clip        float32   `json:"clip,omitempty"`        // arguments of activations are within -Clip..Clip; 0 for no limit
	BatchFirst  bool      `json:"batch_first,omitempty"` // batch in front of time, as above
}

// Directions is their number.
func (r Recurrence) Directions() int {
	if r.Direction == "bidirectional" {
		return 2
	}
	return 1
}

// Reversed reports whether a direction goes from the last element to the first.
func (r Recurrence) Reversed(direction int) bool {
	return r.Direction == "reverse" || direction == 1
}

// Sizes are the extents of a recurrence: T, N, I, H and D of Recurrence.
type Sizes struct{ Time, Batch, Input, Hidden, Directions int } // Hidden is 1 or more, Directions 1 or 2

// recurrent is a Recurrence with the properties of its operator.
type recurrent struct {
	Recurrence
	gates  int
	states int      // results behind y, and initial values
	usual  []string // activations of a direction
}

// infer checks the operands; more is the shape of those behind the initial states.
func (r recurrent) infer(in []graph.Fact, more ...func(s Sizes) tensor.Shape) ([]graph.Type, error) {
	if err := arity(in, 3, 5+r.states+len(more)); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "reverse", "bidirectional"}, r.Direction) {
		return nil, fmt.Errorf("direction %q; it is %q, %q, or nothing", r.Direction, "reverse", "bidirectional")
	}
	if !(r.Clip >= 0) {
		return nil, fmt.Errorf("clip is %v; it must not be negative", r.Clip)
	}
	if _, err := r.functions(); err != nil {
		return nil, err
	}
	s, err := r.sizes(in)
	if err != nil {
		return nil, err
	}
	rows := r.gates * s.Hidden
	want := []tensor.Shape{in[0].Shape, {s.Directions, rows, s.Input}, {s.Directions, rows, s.Hidden}, {s.Directions, 2 * rows}, {s.Batch}}
	state := tensor.Shape{s.Directions, s.Batch, s.Hidden}
	if r.BatchFirst {
		state = tensor.Shape{s.Batch, s.Directions, s.Hidden}
	}
	for range r.states {
		want = append(want, state)
	}
	for _, f := range more {
		want = append(want, f(s))
	}
	for i, f := range in {
		if left := i > 2 && f.Shape.Numel() == 0; !left && !f.Shape.Equal(want[i]) {
			return nil, fmt.Errorf("input %d has shape %v; expected %v for x %v and %d directions", i, f.Shape, want[i], in[0].Shape, s.Directions)
		}
	}
	y := tensor.Shape{s.Time, s.Directions, s.Batch, s.Hidden}
	if r.BatchFirst {
		y = tensor.Shape{s.Batch, s.Time, s.Directions, s.Hidden}
	}
	types := []graph.Type{{DType: f32, Shape: y}}
	for range r.states {
		types = append(types, graph.Type{DType: f32, Shape: state.Clone()})
	}
	return typed(types...)
}

// sizes finds the extents in x and r.
func (r recurrent) sizes(in []graph.Fact) (Sizes, error) {
	x, w := in[0].Shape, in[2].Shape
	if len(x) != 3 || len(w) != 3 || w[2] == 0 {
		return Sizes{}, fmt.Errorf("x has shape %v and r %v; expected three axes, and a state", x, w)
	}
	s := Sizes{Time: x[0], Batch: x[1], Input: x[2], Hidden: w[2], Directions: r.Directions()}
	if r.BatchFirst {
		s.Time, s.Batch = x[1], x[0]
	}
	return s, nil
}

// signature is the one of a recurrence with so many operands behind the lengths.
func (r recurrent) signature(behind int) []graph.Signature {
	in := []tensor.DType{f32, f32, f32, f32, i64}
	for range behind {
		in = append(in, f32)
	}
	return []graph.Signature{{In: in, Out: f32}}
}

// functions are the activations of all directions.
func (r recurrent) functions() ([]func(float32) float32, error) {
	names := r.Activations
	if names == nil {
		for range r.Directions() {
			names = append(names, r.usual...)
		}
	}
	if len(names) != r.Directions()*len(r.usual) {
		return nil, fmt.Errorf("activations %v; expected %d of them", names, r.Directions()*len(r.usual))
	}
	alpha, beta := r.Alpha, r.Beta
	next := func(list *[]float32, usual float32) float32 {
		if len(*list) == 0 {
			return usual
		}
		v := (*list)[0]
		*list = (*list)[1:]
		return v
	}
	var all []func(float32) float32
	for _, name := range names {
		a, ok := gateFunctions[name]
		if !ok {
			return nil, fmt.Errorf("activation %q of a recurrence is not known", name)
		}
		p, q := a.alpha, a.beta
		if a.parameters > 0 {
			p = next(&alpha, p)
		}
		if a.parameters > 1 {
			q = next(&beta, q)
		}
		all = append(all, a.of(p, q))
	}
	return all, nil
}

// gateFunction is an activation with its parameters.
type gateFunction struct {
	parameters  int
	alpha, beta float32
	of          func(alpha, beta float32) func(x float32) float32
}

func plainGate(o Unary) gateFunction {
	return gateFunction{of: func(_, _ float32) func(float32) float32 { return o.Real }}
}

// gateFunctions are those of ONNX, with the values that parameters have by default.
var gateFunctions = map[string]gateFunction{
	"sigmoid": plainGate(Sigmoid{}),
	"tanh":    plainGate(Tanh{}),
	"relu": {of: func(_, _ float32) func(float32) float32 {
		return func(x float32) float32 { return max(x, 0) }
	}},
	"affine": {2, 1, 0, func(a, b float32) func(float32) float32 {
		return func(x float32) float32 { return float32(a*x) + b }
	}},
	"leaky_relu": {1, 0.01, 0, func(a, _ float32) func(float32) float32 {
		return func(x float32) float32 {
			if x < 0 {
				return a * x
			}
			return x
		}
	}},
	"thresholded_relu": {1, 1, 0, func(a, _ float32) func(float32) float32 {
		return func(x float32) float32 {
			if x < a {
				return 0
			}
			return x
		}
	}},
	"scaled_tanh": {2, 1, 1, func(a, b float32) func(float32) float32 {
		return func(x float32) float32 { return a * Tanh{}.Real(b*x) }
	}},
	"hardsigmoid": {2, 0.2, 0.5, func(a, b float32) func(float32) float32 {
		return func(x float32) float32 { return min(max(float32(a*x)+b, 0), 1) }
	}},
	"elu": {1, 1, 0, func(a, _ float32) func(float32) float32 { return ELU{Alpha: a}.Real }},
	"softsign": {of: func(_, _ float32) func(float32) float32 {
		return func(x float32) float32 { return x / (1 + max(x, -x)) }
	}},
	"softplus": {of: func(_, _ float32) func(float32) float32 {
		return func(x float32) float32 {
			return float32(max(float64(x), 0) + math.Log1p(quant.Exp64(-math.Abs(float64(x)))))
		}
	}},
}

// direction is one direction of a recurrence being evaluated.
type direction struct {
	Sizes
	w, r, b []float32 // of the direction; b nil where there is none
	act     []func(float32) float32
	clip    float32
}

// limited is x within the clip.
func (d *direction) limited(x float32) float32 {
	if d.clip > 0 {
		return min(max(x, -d.clip), d.clip)
	}
	return x
}

// product is the dot product of a row of w and x, of exact products, rounded once.
func product(w, x []float32, row int) float32 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(w[row*len(x)+i])
	}
	return float32(sum)
}

// bias is that of a row of w, or, from gates*hidden on, of r.
func (d *direction) bias(row int) float32 {
	if d.b == nil {
		return 0
	}
	return d.b[row]
}

// cell computes the next states of one sequence, in place, from its element x.
type cell func(d *direction, x []float32, states [][]float32)

// eval runs cell over all sequences. more returns it for a direction.
func (r recurrent) eval(in []*tensor.Tensor, out []graph.Type, more func(direction int) cell) ([]*tensor.Tensor, error) {
	s, err := r.sizes(graph.FactsOf(in...))
	if err != nil {
		return nil, err
	}
	functions, err := r.functions()
	if err != nil {
		return nil, err
	}
	results := make([]*tensor.Tensor, len(out))
	for i, t := range out {
		results[i] = tensor.New(f32, t.Shape...)
	}
	lengths := make([]int, s.Batch)
	for n := range lengths {
		if lengths[n], err = lengthOf(in, n, s.Time); err != nil {
			return nil, err
		}
	}
	for dir := range s.Directions {
		rows := r.gates * s.Hidden
		d := &direction{Sizes: s, clip: r.Clip, act: functions[dir*len(r.usual):],
			w: in[1].Float32s()[dir*rows*s.Input:][:rows*s.Input], r: in[2].Float32s()[dir*rows*s.Hidden:][:rows*s.Hidden]}
		if given(in, 3) {
			d.b = in[3].Float32s()[dir*2*rows:][:2*rows]
		}
		next := more(dir)
		for n := range s.Batch {
			states := make([][]float32, r.states)
			for i := range states {
				states[i] = r.state(results[1+i], s, dir, n)
				if given(in, 5+i) {
					copy(states[i], r.state(in[5+i], s, dir, n))
				}
			}
			for t := range lengths[n] {
				if r.Reversed(dir) {
					t = lengths[n] - 1 - t
				}
				at := t*s.Batch + n
				place := (t*s.Directions+dir)*s.Batch + n
				if r.BatchFirst {
					at = n*s.Time + t
					place = at*s.Directions + dir
				}
				next(d, in[0].Float32s()[at*s.Input:][:s.Input], states)
				copy(results[0].Float32s()[place*s.Hidden:], states[0])
			}
		}
	}
	return results, nil
}

// given reports whether operand i is given and not empty.
func given(in []*tensor.Tensor, i int) bool { return len(in) > i && in[i].Numel() > 0 }

// lengthOf is the number of elements of sequence n.
func lengthOf(in []*tensor.Tensor, n, time int) (int, error) {
	if !given(in, 4) {
		return time, nil
	}
	l := in[4].Int64s()[n]
	if l < 0 || l > int64(time) {
		return 0, fmt.Errorf("sequence %d has length %d; x has %d elements", n, l, time)
	}
	return int(l), nil
}

// state is the slice of t, a tensor of states, for a direction and a sequence.
func (r Recurrence) state(t *tensor.Tensor, s Sizes, dir, n int) []float32 {
	at := dir*s.Batch + n
	if r.BatchFirst {
		at = n*s.Directions + dir
	}
	return t.Float32s()[at*s.Hidden:][:s.Hidden]
}
