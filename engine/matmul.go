package engine

import (
	"slices"
	"unsafe"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerMatMul makes a product over rows where the right operand is a matrix of
// parameters, as a linear layer is, and otherwise one whose right operand is packed
// in every run.
func lowerMatMul(n *graph.Node, t target) (operation, string, error) {
	b := n.Inputs[1]
	constant := n.Inputs[0].Role != graph.Parameter && b.Role == graph.Parameter && len(b.Type.Shape) == 2
	switch {
	case n.Output().Type.DType.IsQuantized():
		return lowerMatMul8(n, constant, t)
	case !constant:
		return matmul{k: sgemm.Select(sgemm.Table, t.cpu)}, "", nil
	}
	w, err := t.reals(b.Data)
	if err != nil {
		return nil, "", err
	}
	k, columns := b.Type.Shape[0], b.Type.Shape[1]
	product := newProduct32(&graph.Node{Inputs: n.Inputs[:2]}, geometry{groups: 1, in: k, out: columns, taps: 1}, transposedMatrix(w, k, columns), quant.NoActivation, t)
	return matmulPacked{linear32{product}}, "", nil
}

// transposedMatrix returns the transpose of w, a row-major matrix.
func transposedMatrix[T any](w []T, rows, columns int) []T {
	to := make([]T, len(w))
	var zero T
	walk := newWalk(tensor.Shape{columns, rows}, order{1, 0}, nil, int(unsafe.Sizeof(zero)))
	walk.all(bytesIn(to), bytesIn(w))
	return to
}

// matmulPacked is a product whose right operand is packed when the graph is compiled.
type matmulPacked struct{ linear32 }

func (o matmulPacked) with(a adding) operation { return matmulPacked{o.linear32.with(a).(linear32)} }

// matrices is for products of computed matrices, or of a computed and a constant one.
type matrices struct{}

// wishes has none: nearly every order that operands come in has the last axis innermost,
// or for the right operand the one before, and both can be read in place.
func (matrices) wishes(in, _ []desc) []order { return make([]order, len(in)) }

// orders accepts operands whose rows are contiguous, and a right one also with contiguous
// columns. Rows of the result are contiguous; outer axes keep their order.
func (matrices) orders(in, out []desc) (need, give []order) {
	need = make([]order, 2)
	if in[0].innermost() == len(in[0].Shape)-1 {
		need[0] = in[0].order
	}
	if at := in[1].innermost(); at >= len(in[1].Shape)-2 {
		need[1] = in[1].order
	}
	if out[0].innermost() == len(out[0].Shape)-1 {
		return need, []order{out[0].order}
	}
	return need, []order{nil}
}

// innermost is the innermost axis in memory, leaving out those of one element.
func (d desc) innermost() int {
	if longer := d.order.longer(d.Shape); len(longer) > 0 {
		return longer[len(longer)-1]
	}
	return len(d.Shape) - 1
}

// stack is the layout of the matrices of a batched product, and its division into pieces.
type stack struct {
	m, n, depth       int
	batches           int
	offsets           [][3]int // by batch: of its left, right and result matrix, in elements
	rows, columns, to matrix
	width, parts      int // columns of a piece, pieces of a batch
}

// packedBytes is about the size of the packed columns of a piece: they stay in the
// second-level cache while rows are multiplied.
const packedBytes = 256 << 10

// newLayout is a stack that is not divided.
func newLayout(in []desc, out desc) stack {
	a, b := in[0], in[1]
	rank := len(out.Shape)
	s := stack{m: out.Shape[rank-2], n: out.Shape[rank-1], depth: a.Shape[len(a.Shape)-1]}
	s.rows, s.columns, s.to = matrixIn(a), matrixIn(b), matrixIn(out)
	lead := out.Shape[:rank-2]
	s.batches = lead.Numel()
	for i := range s.batches {
		s.offsets = append(s.offsets, [3]int{a.matrixAt(i, lead), b.matrixAt(i, lead), out.matrixAt(i, lead)})
	}
	return s
}

// newStack is for a kernel of nr columns and elements of so many bytes.
func newStack(in []desc, out desc, nr, rate, bytes, threads int) stack {
	s := newLayout(in, out)
	threads = threadsFor(s.batches*extent{m: s.m, n: s.n, k: s.depth, groups: 1, bytes: bytes}.time(rate), threads)
	widest := max(nr, packedBytes/(bytes*max(1, s.depth))/nr*nr)
	s.width = min(widest, roundUp(max(1, s.n), nr))
	if few := divUp(4*threads, max(1, s.batches)); threads > 1 && few > 1 {
		s.width = min(s.width, roundUp(divUp(s.n, few), nr))
	}
	s.parts = divUp(s.n, s.width)
	return s
}

func (s *stack) macs() int64 { return int64(s.batches) * int64(s.m) * int64(s.n) * int64(s.depth) }

func (s *stack) count() int {
	if s.m == 0 {
		return 0
	}
	return s.batches * s.parts
}

// piece returns where the matrices of piece i begin, and its columns.
func (s *stack) piece(i int) (at [3]int, first, n int) {
	first = i % s.parts * s.width
	return s.offsets[i/s.parts], first, min(s.width, s.n-first)
}

// right is the offset of column first of the right matrix that begins at at.
func (s *stack) right(at, first int) int {
	if s.columns.columns {
		return at + first*s.columns.stride
	}
	return at + first
}

// matrix is the layout of the last two axes of a value: row-major with the stride of rows,
// or column-major with the stride of columns.
type matrix struct {
	stride  int
	columns bool
}

func matrixIn(d desc) matrix {
	strides, rank := d.order.strides(d.Shape), len(d.Shape)
	if d.innermost() == rank-2 && d.Shape[rank-1] > 1 {
		return matrix{strides[rank-1], true}
	}
	return matrix{strides[rank-2], false}
}

// matrixAt is the offset of the matrix of batch i, counted over the leading axes lead,
// to which those of d broadcast.
func (d desc) matrixAt(i int, lead tensor.Shape) int {
	strides := along(desc{Type: graph.Type{Shape: d.Shape[:len(d.Shape)-2]}}, lead)
	own := d.order.strides(d.Shape)
	offset, at := len(lead)-(len(d.Shape)-2), 0
	for axis := len(lead) - 1; axis >= 0; axis-- {
		if j := axis - offset; j >= 0 && strides[axis] != 0 {
			at += i % lead[axis] * own[j]
		}
		i /= lead[axis]
	}
	return at
}

// matmul is a product of matrices of float32.
type matmul struct {
	matrices
	k *sgemm.Kernel
}

func (o matmul) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o matmul) fix(in, outs []desc, threads int) (fixed, error) {
	return fixedMatMul{o, newStack(in, outs[0], o.k.NR, o.k.Rate, 4, threads)}, nil
}

type fixedMatMul struct {
	matmul
	stack
}

func (f fixedMatMul) macs() int64 { return f.stack.macs() }

func (f fixedMatMul) packed() int { return divUp(f.k.Size(f.width, f.depth), 2) }

func (f fixedMatMul) scratch() int { return f.packed() + divUp(f.k.Work(f.m, f.depth), 2) }

func (f fixedMatMul) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskMatMul{fixedMatMul: f, a: in[0].reals(), b: in[1].reals(), out: outs[0].reals(), calls: make([]sgemm.Call, len(scratch))}
	pad := make([]float32, f.depth)
	for i, s := range scratch {
		packed := words[float32](s[:f.packed()])
		t.calls[i] = sgemm.Call{
			Matrix: operand.Matrix[float32]{Pad: pad, Taps: 1, Depth: f.depth, Stride: f.rows.stride, Rows: f.m},
			W:      f.k.Place(packed, f.width, f.depth), M1: f.m, Lo: -inf, Hi: inf, LD: f.to.stride, Work: words[float32](s[f.packed():]),
		}
	}
	return pieces{f.count(), t}
}

type taskMatMul struct {
	fixedMatMul
	a, b, out []float32
	calls     []sgemm.Call
}

func (t *taskMatMul) Do(worker, i int) {
	c := &t.calls[worker]
	at, first, n := t.piece(i)
	t.k.Fill(c.W, sgemm.Right{X: t.b[t.right(at[1], first):], Stride: t.columns.stride, Transposed: t.columns.columns}, n, t.depth)
	c.N1 = n
	c.X, c.Out = t.a[at[0]:], t.out[at[2]+first:]
	t.k.Run(c)
}

// lastAxis is for operations on rows along one axis, which has to be innermost in memory.
type lastAxis struct{ axis int }

// rowOrder is the order of d with axis l.axis moved to the innermost position.
func (l lastAxis) rowOrder(d desc) order {
	axis := axisOf(l.axis, len(d.Shape))
	if d.innermost() == axis || d.Shape[axis] == 1 {
		return d.order
	}
	o := slices.DeleteFunc(slices.Clone(d.order.axes(len(d.Shape))), func(a int) bool { return a == axis })
	return append(o, axis)
}

func (l lastAxis) wishes(in, out []desc) []order {
	d := desc{Type: in[0].Type, order: out[0].order}
	return append([]order{l.rowOrder(d).axes(len(d.Shape))}, make([]order, len(in)-1)...)
}

func (l lastAxis) orders(in, _ []desc) (need, give []order) {
	o := l.rowOrder(in[0])
	return append([]order{o}, make([]order, len(in)-1)...), []order{o}
}
