package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/real64"
	"github.com/octet-ml/octet/tensor"
)

// DFT is torch.fft along Axis of x, whose last axis holds a real number, or a real and an
// imaginary part. Lines are cropped or padded with zeros to Length; 0 is the extent of x. A
// one-sided transform (rfft) gives the first Length/2+1 numbers of the spectrum; its inverse
// (irfft) takes as many, and gives Length real ones, by default an even number.
//
// Input: x [..., 1 or 2]. Result: [..., 2], of a one-sided inverse [..., 1].
type DFT struct {
	Axis     int  `json:"axis"`
	Length   int  `json:"length,omitempty"`
	Inverse  bool `json:"inverse,omitempty"`  // divides by Length
	OneSided bool `json:"onesided,omitempty"` // real on one side, half of the spectrum on the other
}

// Kind is "dft".
func (DFT) Kind() string { return "dft" }

// Signatures: float.
func (DFT) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape.
func (o DFT) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axis, err := axisOf(o.Axis, len(x))
	if err != nil {
		return nil, err
	}
	parts := 0
	if axis < len(x)-1 {
		parts = x[len(x)-1]
	}
	if parts != 1 && parts != 2 || o.OneSided && !o.Inverse && parts != 1 {
		return nil, fmt.Errorf("input of shape %v along axis %d: the last axis holds a real number, or two parts of a complex one, which has no one-sided transform", x, axis)
	}
	n := o.length(x[axis])
	if n < 1 || n > maxAttr {
		return nil, fmt.Errorf("a transform of %d numbers; expected 1 to %d", n, maxAttr)
	}
	shape := x.Clone()
	shape[axis], shape[len(x)-1] = n, 2
	switch {
	case o.OneSided && o.Inverse:
		shape[len(x)-1] = 1
	case o.OneSided:
		shape[axis] = n/2 + 1
	}
	return float(shape)
}

// length is the length of the transform for lines of line numbers.
func (o DFT) length(line int) int {
	switch {
	case o.Length != 0:
		return o.Length
	case o.OneSided && o.Inverse:
		return 2 * (line - 1)
	}
	return line
}

// Eval sums in float64, by the definition.
func (o DFT) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	xs, ys := in[0].Shape(), out[0].Shape
	axis, err := axisOf(o.Axis, len(xs))
	if err != nil {
		return nil, err
	}
	x, y := in[0].Float32s(), tensor.New(f32, ys...)
	n, parts, results := o.length(xs[axis]), xs[len(xs)-1], ys[len(ys)-1]
	sines, cosines := make([]float64, n), make([]float64, n)
	for k := range n {
		sines[k], cosines[k] = real64.Turn(k, n)
		if !o.Inverse {
			sines[k] = -sines[k]
		}
	}
	line := make([][2]float64, n)
	inner := xs[axis+1 : len(xs)-1].Numel()
	for outer := range xs[:axis].Numel() {
		for j := range inner {
			for i := range line {
				if line[i] = [2]float64{}; i < xs[axis] {
					copyParts(&line[i], x[((outer*xs[axis]+i)*inner+j)*parts:][:parts])
				}
			}
			if o.OneSided && o.Inverse {
				mirror(line)
			}
			for k := range ys[axis] {
				v := transformed(line, sines, cosines, k)
				if o.Inverse {
					v[0], v[1] = v[0]/float64(n), v[1]/float64(n)
				}
				to := y.Float32s()[((outer*ys[axis]+k)*inner+j)*results:]
				for p := range results {
					to[p] = float32(v[p])
				}
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

func copyParts(to *[2]float64, from []float32) {
	for p, v := range from {
		to[p] = float64(v)
	}
}

// mirror fills in the second half of a one-sided spectrum: the conjugates, in reverse order.
// The first number, and with an even length the middle one, are real.
func mirror(line [][2]float64) {
	n := len(line)
	line[0][1] = 0
	if n%2 == 0 {
		line[n/2][1] = 0
	}
	for i := n/2 + 1; i < n; i++ {
		line[i] = [2]float64{line[n-i][0], -line[n-i][1]}
	}
}

// transformed is number k of the transform of a line.
func transformed(line [][2]float64, sines, cosines []float64, k int) (sum [2]float64) {
	at := 0
	for _, v := range line {
		s, c := sines[at], cosines[at]
		sum[0] += float64(v[0]*c) - float64(v[1]*s)
		sum[1] += float64(v[0]*s) + float64(v[1]*c)
		if at += k; at >= len(line) {
			at -= len(line)
		}
	}
	return sum
}
