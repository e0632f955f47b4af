package engine

import (
	"github.com/octet-ml/octet/tensor"
)

// broadcast maps the elements of the result of an element-wise operation to those of its
// operands. An operand of the result's shape and order of axes is read in place. Any other,
// which is broadcast or stored in another order of axes, is read in place line by line when
// lines are long, and is otherwise expanded into a buffer, a few thousand elements at a time.
type broadcast struct {
	runs
	extents []int // of the result's axes in memory, outermost first; axes that merge count as one
	from    [3]operandLayout
	operands,
	words int // of scratch memory for each expanded operand
	byLine bool
}

// operandLayout is how an operand is stored.
type operandLayout struct {
	dense   bool  // in the result's shape and order of axes
	strides []int // in elements, by axis of broadcast.extents; 0 where the operand is broadcast
}

const (
	// expandElements is how many elements of an operand are expanded at a time: few
	// enough for the first-level cache.
	expandElements = 2048
	// longLine is the least length of a line, in elements, that pays for a kernel call of its own.
	longLine = 64
)

// newBroadcast plans the operands in for a result out.
func newBroadcast(in []desc, out desc, threads int) broadcast {
	b := broadcast{runs: splitRuns(out.Shape.Numel(), shortest, threads), operands: len(in), byLine: true}
	var strides [3][]int
	for i, d := range in {
		b.from[i].dense = d.Shape.Equal(out.Shape) && sameMemory(d.Shape, d.order, out.order)
		strides[i] = along(d, out.Shape)
	}
	for _, a := range out.order.axes(len(out.Shape)) {
		b.push(out.Shape[a], strides, a)
	}
	if len(b.extents) == 0 {
		b.push(2, [3][]int{{0}, {0}, {0}}, 0) // an axis is needed; it is not walked to its end
	}
	last := len(b.extents) - 1
	for i := range in {
		if f := &b.from[i]; !f.dense {
			b.words = max(b.words, divUp(expandElements*in[i].DType.Size(), 8))
			b.byLine = b.byLine && b.extents[last] >= longLine && f.strides[last] == 1
		}
	}
	if b.byLine {
		b.words = 0
	}
	return b
}

// along returns the stride of d, in elements, for each axis of a result of shape to, by
// NumPy's rules of broadcasting: 0 where d is broadcast.
func along(d desc, to tensor.Shape) []int {
	own := d.order.strides(d.Shape)
	strides := make([]int, len(to))
	for i, n := range d.Shape {
		if n != 1 {
			strides[len(to)-len(d.Shape)+i] = own[i]
		}
	}
	return strides
}

// push adds axis a of the result inside the others.
func (b *broadcast) push(extent int, strides [3][]int, a int) {
	if extent == 1 {
		return
	}
	n := len(b.extents) - 1
	merges := n >= 0
	for i := range b.operands {
		s := b.from[i].strides
		merges = merges && s[n] == strides[i][a]*extent
	}
	if merges {
		b.extents[n] *= extent
		for i := range b.operands {
			b.from[i].strides[n] = strides[i][a]
		}
		return
	}
	b.extents = append(b.extents, extent)
	for i := range b.operands {
		b.from[i].strides = append(b.from[i].strides, strides[i][a])
	}
}

func (broadcast) macs() int64    { return 0 }
func (b broadcast) scratch() int { return b.words * b.operands }

// next is how many elements of the result from element from on, before to, are
// computed at once.
func (b *broadcast) next(from, to int) int {
	switch line := b.extents[len(b.extents)-1]; {
	case b.words > 0:
		if line < expandElements { // whole lines, so that one that repeats is expanded once
			return min(to-from, expandElements/line*line)
		}
		return min(to-from, expandElements)
	case b.dense():
		return to - from
	default:
		return min(to-from, line-from%line)
	}
}

// dense reports whether all operands have the result's shape and order of axes.
func (b *broadcast) dense() bool {
	for _, f := range b.from[:b.operands] {
		if !f.dense {
			return false
		}
	}
	return true
}

// expanded holds, for each operand of one worker, the elements last expanded into its buffer.
type expanded[T any] struct {
	buffers [3][]T
	at      [3]int // the first element of the result that the buffer is for; -1 for none
	n       [3]int
}

func newExpanded[T any](b *broadcast, scratch []uint64) expanded[T] {
	s := expanded[T]{at: [3]int{-1, -1, -1}}
	for i := range b.operands {
		s.buffers[i] = words[T](scratch[i*b.words : (i+1)*b.words])
	}
	return s
}

// forget invalidates the buffers: in the next run operands have other elements.
func (s *expanded[T]) forget() { s.at = [3]int{-1, -1, -1} }

// operandOf returns the elements of operand i, which are m, for n elements of the
// result from element from on.
func operandOf[T any](b *broadcast, s *expanded[T], i int, m []T, from, n int) []T {
	f := &b.from[i]
	switch {
	case f.dense:
		return m[from:][:n]
	case b.byLine:
		return m[b.at(f, from):][:n]
	case s.at[i] >= 0 && s.n[i] >= n && b.repeats(f, s.at[i], from):
		return s.buffers[i][:n]
	}
	buffer := s.buffers[i][:n]
	fillFrom(b, f, buffer, m, from)
	s.at[i], s.n[i] = from, n
	return buffer
}

// at returns the offset of the operand's element for element from of the result.
func (b *broadcast) at(f *operandLayout, from int) int {
	at := 0
	for a := len(b.extents) - 1; a >= 0; a-- {
		at += from % b.extents[a] * f.strides[a]
		from /= b.extents[a]
	}
	return at
}

// repeats reports whether elements expanded from element was of the result on are valid
// from element from on, too: the operand is a scalar, or one line broadcast to all others.
func (b *broadcast) repeats(f *operandLayout, was, from int) bool {
	last := len(b.extents) - 1
	for _, s := range f.strides[:last] {
		if s != 0 {
			return false
		}
	}
	return f.strides[last] == 0 || was%b.extents[last] == from%b.extents[last]
}

// fillFrom expands elements of m into buffer, for elements of the result from element
// from on.
func fillFrom[T any](b *broadcast, f *operandLayout, buffer, m []T, from int) {
	last := len(b.extents) - 1
	line, stride := b.extents[last], f.strides[last]
	for len(buffer) > 0 {
		n := min(len(buffer), line-from%line)
		part, at := buffer[:n], b.at(f, from)
		switch stride {
		case 0:
			for j := range part {
				part[j] = m[at]
			}
		case 1:
			copy(part, m[at:])
		default:
			for j := range part {
				part[j] = m[at]
				at += stride
			}
		}
		buffer = buffer[n:]
		from += n
	}
}

// sameOrder is for operations whose operands and results need the same order of axes: the
// one that readers of the results prefer, or else that of the first operand.
type sameOrder struct{}

func (sameOrder) wishes(in, out []desc) []order {
	wishes := make([]order, len(in))
	for i := range in {
		wishes[i] = out[0].order
	}
	return wishes
}

func (sameOrder) orders(in, out []desc) (need, give []order) {
	chosen := in[0].order
	for _, d := range in {
		if out[0].order != nil && sameMemory(d.Shape, d.order, out[0].order) {
			chosen = out[0].order
		}
	}
	for range in {
		need = append(need, chosen)
	}
	for range out {
		give = append(give, chosen)
	}
	return need, give
}

// anyOrder is for operations that compute element by element: operands may have any order
// of axes, and results take that of an operand of their size.
type anyOrder struct{}

// wishes passes the preferred order of a result on to operands of its size.
func (anyOrder) wishes(in, out []desc) []order {
	wishes := make([]order, len(in))
	for i, d := range in {
		if d.Shape.Equal(out[0].Shape) {
			wishes[i] = out[0].order
		}
	}
	return wishes
}

// orders accepts operands in any order of axes. The result has the order that its readers
// prefer if an operand has it, and otherwise that of the first operand of its size.
func (anyOrder) orders(in, out []desc) (need, give []order) {
	var chosen order
	found := false
	for _, d := range in {
		need = append(need, d.order)
		if !d.Shape.Equal(out[0].Shape) {
			continue
		}
		if !found || sameMemory(d.Shape, d.order, out[0].order) {
			chosen, found = d.order, true
		}
	}
	if !found {
		chosen = out[0].order
	}
	for range out {
		give = append(give, chosen)
	}
	return need, give
}
