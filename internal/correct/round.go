package correct

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

const (
	// mostWindows bounds the windows of a layer, of all samples, whose products are taken.
	mostWindows = 2048
	// mostColumns bounds the columns of a weight that are rounded with regard to each other:
	// memory grows with the square, time with the cube.
	mostColumns = 1152
	// damping is added to the squares of the inputs, as a part of their mean: what few samples
	// say of inputs that go together is not relied on.
	damping = 0.01
)

// round chooses the codes of the weight. With H the mean of x xᵀ over the windows x, an error
// e of a row of weights costs eᵀHe, which is
//
//	Σ_k d_k (e_k + Σ_{j<k} u_jk e_j)²   where H = U D Uᵀ, with U unit upper triangular,
//
// so that weight k is rounded to the code next to w_k + Σ_{j<k} u_jk e_j: what the weights
// before it have lost is made up for as far as it can be. This is the order of GPTQ (Frantar
// et al. 2022), without its inverse. Windows are of codes, so H is exact, and every sum has
// one order: the same codes on every CPU, whatever the number of threads.
func (l *layer) round(ctx context.Context, x []*tensor.Tensor, pool *parallel.Pool, codes quant.CodeRange) error {
	weight := l.node.Inputs[1]
	if err := weight.Data.Load(); err != nil {
		return err
	}
	w := windowsOf(l.node, x[0].Shape())
	r := &rounding{codes: codes, real: l.float.Inputs[1].Data.Float32s(), params: weight.Data.QParams(),
		columns: w.columns(), outputs: weight.Type.Shape[0] / w.groups, rounded: make([]int8, weight.Type.Shape.Numel())}
	copy(r.rounded, weight.Data.Int8s())
	at := chosen(l.node, x)
	// Blocks are whole channels, of about one size.
	parts := (r.columns + mostColumns - 1) / mostColumns
	channels := w.channels / w.groups
	var blocks []*block
	for group := range w.groups {
		for part := range parts {
			first, end := part*channels/parts*w.taps(), (part+1)*channels/parts*w.taps()
			if end > first {
				blocks = append(blocks, &block{layer: l, x: x, at: at, group: group, first: first, columns: end - first})
			}
		}
	}
	if len(blocks) >= pool.Threads() { // each by itself
		pool.Run(len(blocks), parallel.Func(func(_, i int) {
			if ctx.Err() == nil {
				blocks[i].products(nil)
				blocks[i].factor()
				r.rows(blocks[i], 0, r.outputs)
				blocks[i].free()
			}
		}))
	} else {
		for _, b := range blocks {
			b.products(pool)
			b.factor()
			pool.Run(r.outputs, parallel.Func(func(_, i int) {
				if ctx.Err() == nil {
					r.rows(b, i, i+1)
				}
			}))
			b.free()
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	data := tensor.OfQuantized(r.rounded, r.params, weight.Type.Shape...)
	weight.Data, weight.Type = data, graph.TypeOf(data)
	return nil
}

// chosen are the numbers of the windows of each sample, at even distances over all.
func chosen(n *graph.Node, x []*tensor.Tensor) [][]int {
	total := 0
	for _, t := range x {
		total += windowsOf(n, t.Shape()).count()
	}
	rows := min(total, mostWindows)
	at := make([][]int, len(x))
	sample, before := 0, 0
	for i := range rows {
		number := i * total / rows
		for number >= before+windowsOf(n, x[sample].Shape()).count() {
			before += windowsOf(n, x[sample].Shape()).count()
			sample++
		}
		at[sample] = append(at[sample], number-before)
	}
	return at
}

// block is a part of the columns of one group.
type block struct {
	layer                 *layer
	x                     []*tensor.Tensor
	at                    [][]int
	group, first, columns int

	order []int       // of the columns: place k is of column order[k]
	upper [][]float64 // u_jk at [k][j]: first H, then its factor
}

func (b *block) free() { b.upper = nil }

// gathered are the columns, one after the other, and their length.
func (b *block) gathered() ([]int32, int) {
	rows := 0
	for _, at := range b.at {
		rows += len(at)
	}
	x := make([]int32, b.columns*rows)
	row := 0
	for i, at := range b.at {
		t := b.x[i]
		w, zero := windowsOf(b.layer.node, t.Shape()), int32(t.QParams().ZeroPoint())
		if t.DType() == tensor.QUInt8 {
			gather(x, rows, row, w, b.group, b.first, b.columns, t.Uint8s(), zero, at)
		} else {
			gather(x, rows, row, w, b.group, b.first, b.columns, t.Int8s(), zero, at)
		}
		row += len(at)
	}
	return x, rows
}

// products computes H in the order in which columns are rounded: those first that weigh most.
func (b *block) products(pool *parallel.Pool) {
	x, rows := b.gathered()
	squares := make([]int64, b.columns)
	b.order = make([]int, b.columns)
	for k := range b.order {
		b.order[k] = k
		squares[k] = dot(x[k*rows:][:rows], x[k*rows:][:rows])
	}
	byWeight(b.order, squares)
	b.upper = make([][]float64, b.columns)
	one := func(_, k int) {
		b.upper[k] = make([]float64, k+1)
		column := x[b.order[k]*rows:][:rows]
		for j := range b.upper[k] {
			b.upper[k][j] = float64(dot(column, x[b.order[j]*rows:][:rows]))
		}
	}
	if pool == nil {
		for k := range b.columns {
			one(0, k)
		}
		return
	}
	pool.Run(b.columns, parallel.Func(one))
}

// factor turns H into U.
func (b *block) factor() {
	mean := 0.0
	for k, row := range b.upper {
		mean += row[k]
	}
	mean /= float64(b.columns)
	if mean == 0 { // no input is ever anything but zero
		for _, row := range b.upper {
			clear(row)
		}
		return
	}
	for k := range b.upper {
		b.upper[k][k] += damping * mean
	}
	for k := b.columns - 1; k > 0; k-- {
		row := b.upper[k]
		d := row[k]
		for j := range row[:k] {
			row[j] /= d
		}
		for i := range k {
			f := row[i] * d
			if f == 0 {
				continue
			}
			into := b.upper[i]
			for j, u := range row[:i+1] {
				into[j] -= float64(f * u)
			}
		}
	}
}

// rounding are the weights that are rounded.
type rounding struct {
	real             []float32
	params           *tensor.QParams
	codes            quant.CodeRange
	columns, outputs int // of one group
	rounded          []int8
}

// rows rounds the columns of b of the outputs from first to end of its group.
func (r *rounding) rows(b *block, first, end int) {
	lost := make([]float64, b.columns)
	for o := b.group*r.outputs + first; o < b.group*r.outputs+end; o++ {
		scale, zero := scaleOf(r.params, o)
		row := r.real[o*r.columns+b.first:][:b.columns]
		out := r.rounded[o*r.columns+b.first:][:b.columns]
		for k, column := range b.order {
			v := float64(row[column]) / scale
			q := math.RoundToEven(v + feedback(b.upper[k][:k], lost[:k]))
			code := min(max(q+float64(zero), float64(r.codes.Min)), float64(r.codes.Max))
			out[column] = int8(code)
			lost[k] = v - (code - float64(zero))
		}
	}
}

// feedback is the sum of products, in one order on every CPU.
func feedback(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// dot is the sum of products of codes, exact for mostWindows of them.
func dot(a, b []int32) int64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return int64(s0) + int64(s1) + int64(s2) + int64(s3)
}

// byWeight sorts columns by their squares, the largest first, those of equal ones by their numbers.
func byWeight(order []int, squares []int64) {
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(squares[b], squares[a]) })
}
