package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Spatial is how a window moves over any number of axes behind those of batch and channels.
type Spatial struct {
	Stride   []int   `json:"stride"`             // step of the window along each axis, 1 or more
	Before   []int   `json:"before"`             // padding in front of each axis
	After    []int   `json:"after"`              // and behind it
	Dilation []int   `json:"dilation"`           // distance of its taps along each axis, 1 or more
	Auto     AutoPad `json:"auto_pad,omitempty"` // chooses both by the size of x
}

// windows returns the window along each axis of x for a kernel.
func (s Spatial) windows(x tensor.Shape, kernel []int, ceil bool) ([]window, tensor.Shape, error) {
	rank := len(x) - 2
	if rank < 1 || len(kernel) != rank || len(s.Stride) != rank || len(s.Before) != rank || len(s.After) != rank || len(s.Dilation) != rank {
		return nil, nil, fmt.Errorf("kernel %v, stride %v, padding %v and %v, dilation %v for input %v: expected a number for each axis behind the channels",
			kernel, s.Stride, s.Before, s.After, s.Dilation, x)
	}
	if s.Auto != "" && s.Auto != SameUpper && s.Auto != SameLower {
		return nil, nil, fmt.Errorf("auto padding %q; it is %q or %q", s.Auto, SameUpper, SameLower)
	}
	ws, out := make([]window, rank), make(tensor.Shape, rank)
	for i := range ws {
		w := window{kernel: kernel[i], stride: s.Stride[i], dilation: s.Dilation[i], padding: s.Before[i], after: s.After[i], ceil: ceil}
		for _, v := range []int{w.kernel, w.stride, w.dilation, w.padding + 1, w.after + 1} {
			if v < 1 || v > maxAttr {
				return nil, nil, fmt.Errorf("kernel %v, stride %v, padding %v and %v, dilation %v: out of range", kernel, s.Stride, s.Before, s.After, s.Dilation)
			}
		}
		if s.Auto != "" {
			w.padding, w.after = s.Auto.split(x[2+i], w.extent(), w.stride)
		}
		var err error
		if out[i], err = w.positions(fmt.Sprintf("axis %d", 2+i), x[2+i]); err != nil {
			return nil, nil, err
		}
		ws[i] = w
	}
	return ws, out, nil
}

// cellsAt visits the taps of the window at one position of the result: the number of each in
// the kernel, and the index of its element in the image, -1 in the padding. Taps beyond the
// padding, which ceil mode has, are left out.
func cellsAt(ws []window, in, out tensor.Shape, position int, visit func(tap, at int)) {
	start := make([]int, len(ws))
	taps := 1
	for a := len(ws) - 1; a >= 0; a-- {
		start[a] = position%out[a]*ws[a].stride - ws[a].padding
		position /= out[a]
		taps *= ws[a].kernel
	}
	for tap := range taps {
		rest, at, stride, inside, beyond := tap, 0, 1, true, false
		for a := len(ws) - 1; a >= 0; a-- {
			i := start[a] + rest%ws[a].kernel*ws[a].dilation
			rest /= ws[a].kernel
			inside = inside && i >= 0 && i < in[a]
			beyond = beyond || i >= in[a]+ws[a].after
			at += i * stride
			stride *= in[a]
		}
		switch {
		case inside:
			visit(tap, at)
		case !beyond:
			visit(tap, -1)
		}
	}
}

// PoolND is pooling over any number of axes; MaxPool2D and AvgPool2D are the usual ones. Mode
// is "max", "average" or "lp", the P-th root of the sum of the P-th powers. With Indices there
// is a second result of "max": the index in x of each maximum, row-major or, with ColumnMajor,
// with the first axis of an image innermost.
//
// Input: x [N, C, ...]. Result: [N, C, ...]; with Indices also int64.
type PoolND struct {
	Spatial
	Mode            string `json:"mode"`
	Kernel          []int  `json:"kernel"`                      // extent of the window along each axis
	CeilMode        bool   `json:"ceil_mode,omitempty"`         // a last window may end behind the padding
	CountIncludePad bool   `json:"count_include_pad,omitempty"` // the divisor of averages counts padding
	P               int    `json:"p,omitempty"`                 // of "lp": 1 or more
	Indices         bool   `json:"indices,omitempty"`
	ColumnMajor     bool   `json:"column_major,omitempty"`
}

// Kind is "pool_nd".
func (PoolND) Kind() string { return "pool_nd" }

// Results is two with Indices.
func (p PoolND) Results() int {
	if p.Indices {
		return 2
	}
	return 1
}

// Signatures: float.
func (PoolND) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32}, Out: f32, Rest: []tensor.DType{i64}}}
}

// Infer returns the shape.
func (p PoolND) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	switch {
	case p.Mode != "max" && p.Mode != "average" && p.Mode != "lp":
		return nil, fmt.Errorf("mode %q; the modes are max, average and lp", p.Mode)
	case p.Mode == "lp" && p.P < 1:
		return nil, fmt.Errorf("p is %d; it must be at least 1", p.P)
	case p.Indices && p.Mode != "max":
		return nil, fmt.Errorf("indices of mode %q; only max has some", p.Mode)
	}
	x := in[0].Shape
	_, out, err := p.windows(x, p.Kernel, p.CeilMode)
	if err != nil {
		return nil, err
	}
	shape := append(x[:2].Clone(), out...)
	types := []graph.Type{{DType: f32, Shape: shape}, {DType: i64, Shape: shape}}
	return typed(types[:p.Results()]...)
}

// Eval visits every window.
func (p PoolND) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s := in[0].Shape()
	ws, extents, err := p.windows(s, p.Kernel, p.CeilMode)
	if err != nil {
		return nil, err
	}
	y, index := tensor.New(f32, out[0].Shape...), tensor.New(i64, out[0].Shape...)
	size, positions := s[2:].Numel(), max(1, extents.Numel())
	for i := range y.Float32s() {
		image := i / positions * size
		x := in[0].Float32s()[image : image+size]
		v, at := p.of(x, func(visit func(at int)) {
			cellsAt(ws, s[2:], extents, i%positions, func(_, at int) { visit(at) })
		})
		y.Float32s()[i] = v
		if p.ColumnMajor {
			at = columnMajor(at, s[2:])
		}
		index.Int64s()[i] = int64(image + at)
	}
	return []*tensor.Tensor{y, index}[:p.Results()], nil
}

// of is the result of a window of x, and the index of its maximum.
func (p PoolND) of(x []float32, each func(visit func(at int))) (v float32, at int) {
	best, where, sum, cells, padded := math.Inf(-1), 0, 0.0, 0, 0
	each(func(at int) {
		if padded++; at < 0 {
			return
		}
		cells++
		w := float64(x[at])
		if cells == 1 || w > best || w != w {
			best, where = w, at
		}
		if p.Mode == "lp" {
			w = math.Pow(math.Abs(w), float64(p.P))
		}
		sum += w
	})
	switch {
	case p.Mode == "max":
		return float32(best), where
	case p.Mode == "lp":
		return float32(math.Pow(sum, 1/float64(p.P))), 0
	case p.CountIncludePad:
		cells = padded
	}
	return float32(sum / float64(cells)), 0
}

// columnMajor is the column-major index of the element at a row-major index.
func columnMajor(at int, s tensor.Shape) int {
	place := make([]int, len(s))
	for a := len(s) - 1; a >= 0; a-- {
		place[a] = at % s[a]
		at /= s[a]
	}
	to, stride := 0, 1
	for a, i := range place {
		to += i * stride
		stride *= s[a]
	}
	return to
}
