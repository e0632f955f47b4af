package engine

import "github.com/octet-ml/octet/tensor"

// walk copies a dense value in one order to dense memory in another. Its axes are
// those of the destination in the order of memory, outermost first, with their strides
// in the source. Axes that are contiguous in both are merged.
type walk struct {
	extents, strides []int
	size             int // bytes of an element
}

// newWalk brings a value of shape s from one order to another.
func newWalk(s tensor.Shape, from, to order, size int) walk {
	w := walk{size: size}
	strides := from.strides(s)
	for _, a := range to.axes(len(s)) {
		w.push(s[a], strides[a])
	}
	return w
}

// push adds an axis inside the others.
func (w *walk) push(extent, stride int) {
	if extent == 1 {
		return
	}
	if n := len(w.extents) - 1; n >= 0 && w.strides[n] == stride*extent {
		w.extents[n] *= extent
		w.strides[n] = stride
		return
	}
	w.extents, w.strides = append(w.extents, extent), append(w.strides, stride)
}

// copies reports whether source and destination have the same layout.
func (w *walk) copies() bool {
	return len(w.extents) == 0 || len(w.extents) == 1 && w.strides[0] == 1
}

// rows is the number of innermost lines: what can be shared among threads.
func (w *walk) rows() int {
	if len(w.extents) < 2 {
		return 1
	}
	return tensor.Shape(w.extents[:len(w.extents)-1]).Numel()
}

// line is the number of elements of an innermost line.
func (w *walk) line() int {
	if len(w.extents) == 0 {
		return 1
	}
	return w.extents[len(w.extents)-1]
}

// source is the offset of line i in the source, in elements.
func (w *walk) source(i int) int {
	at := 0
	for a := len(w.extents) - 2; a >= 0; a-- {
		at += i % w.extents[a] * w.strides[a]
		i /= w.extents[a]
	}
	return at
}

// run copies lines from to to.
func (w *walk) run(dst, src memory, from, to int) {
	switch w.size {
	case 1:
		copyLinesOf(w, dst.codes(), src.codes(), from, to)
	case 2:
		copyLinesOf(w, view[uint16](dst), view[uint16](src), from, to)
	case 4:
		copyLinesOf(w, view[uint32](dst), view[uint32](src), from, to)
	default:
		copyLinesOf(w, view[uint64](dst), view[uint64](src), from, to)
	}
}

func copyLinesOf[T any](w *walk, dst, src []T, from, to int) {
	n, stride := w.line(), 1
	if len(w.strides) > 0 {
		stride = w.strides[len(w.strides)-1]
	}
	for i := from; i < to; i++ {
		line, at := dst[i*n:][:n], w.source(i)
		if stride == 1 {
			copy(line, src[at:])
			continue
		}
		for j := range line {
			line[j] = src[at]
			at += stride
		}
	}
}

// all copies everything.
func (w *walk) all(dst, src memory) {
	if w.copies() {
		copy(dst, src)
		return
	}
	w.run(dst, src, 0, w.rows())
}

// matrix returns the images, rows and columns of the source if the walk is a batch of
// matrix transpositions, and false otherwise.
func (w *walk) matrix() (images, rows, cols int, ok bool) {
	e, s := w.extents, w.strides
	if n := len(e); n == 3 && s[0] == e[1]*e[2] && s[1] == 1 && s[2] == e[1] {
		return e[0], e[2], e[1], true
	} else if n == 2 && s[0] == 1 && s[1] == e[0] {
		return 1, e[1], e[0], true
	}
	return 0, 0, 0, false
}
