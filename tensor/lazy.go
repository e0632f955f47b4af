package tensor

import (
	"fmt"
	"slices"
	"sync"
)

// Source holds the elements of a tensor outside of memory, as a section of a file
// does. It is safe for concurrent use.
type Source interface {
	// ReadInto fills dst with all elements, little-endian. dst has their size.
	ReadInto(dst []byte) error
	// ChannelsLast reports whether elements of four axes come in the order 0, 2, 3, 1
	// and not row-major.
	ChannelsLast() bool
}

// lazy is a tensor's source, until its elements are in memory.
type lazy struct {
	source Source
	mu     sync.Mutex
}

// FromSource returns a tensor whose elements are read when something asks for
// them: by Data and what is built on it, which keep them, or by Elements, which
// does not. q must be given exactly for quantized types.
func FromSource(dtype DType, q *QParams, shape Shape, s Source) (*Tensor, error) {
	if _, err := shape.CheckedNumel(); err != nil {
		return nil, err
	}
	if dtype.Size() == 0 || dtype.IsQuantized() != (q != nil) {
		return nil, fmt.Errorf("%v tensor with %v", dtype, q)
	}
	if s.ChannelsLast() && len(shape) != 4 {
		return nil, fmt.Errorf("%v%v cannot be channels-last", dtype, shape)
	}
	return &Tensor{dtype: dtype, shape: shape.Clone(), q: q, lazy: &lazy{source: s}}, nil
}

// Load reads the elements into memory where they are not. What uses them then
// cannot fail any more.
func (t *Tensor) Load() error {
	if t.lazy == nil {
		return nil
	}
	t.lazy.mu.Lock()
	defer t.lazy.mu.Unlock()
	if t.data != nil {
		return nil
	}
	data := alloc(t.dtype, t.Numel())
	if err := t.read(rawBytes(data)); err != nil {
		return err
	}
	if t.lazy.source.ChannelsLast() {
		data = reordered(data, t.shape, false)
	}
	t.data = data
	return nil
}

// elements returns what holds the elements, after loading them.
func (t *Tensor) elements() any {
	if t.lazy != nil {
		if err := t.Load(); err != nil {
			panic(fmt.Sprintf("tensor: the elements of %v cannot be read any more: %v; call Load first to have this as an error", t, err))
		}
	}
	return t.data
}

// read fills raw from the source.
func (t *Tensor) read(raw []byte) error {
	if err := t.lazy.source.ReadInto(raw); err != nil {
		return err
	}
	if !hostLittle {
		swap(raw, t.dtype.swapUnit())
	}
	return nil
}

// Elements returns the elements of t, row-major or, where t has four axes and
// channelsLast is set, in the order 0, 2, 3, 1. They are t's own where they are in
// memory in that order, and must not be changed; else they are written to buffer,
// which grows as needed, and t does not keep them. T is the Go type that holds t's
// dtype.
func Elements[T Element](t *Tensor, channelsLast bool, buffer *[]T) ([]T, error) {
	channelsLast = channelsLast && len(t.shape) == 4 && !sameEitherWay(t.shape)
	if data := t.inMemory(); data != nil {
		d := data.([]T)
		if channelsLast {
			d = reorder(room(buffer, len(d)), d, t.shape, true)
		}
		return d, nil
	}
	d := room(buffer, t.Numel())
	if err := t.read(bytesOf(d)); err != nil {
		return nil, err
	}
	if last := t.lazy.source.ChannelsLast() && !sameEitherWay(t.shape); last != channelsLast {
		d = reorder(make([]T, len(d)), d, t.shape, channelsLast)
	}
	return d, nil
}

// inMemory returns what holds the elements, or nil.
func (t *Tensor) inMemory() any {
	if t.lazy == nil {
		return t.data
	}
	t.lazy.mu.Lock()
	defer t.lazy.mu.Unlock()
	return t.data
}

func room[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	}
	return (*buffer)[:n]
}

// sameEitherWay reports whether the two orders of four axes are the same.
func sameEitherWay(s Shape) bool { return s[1] == 1 || s[2]*s[3] == 1 }

// reorder writes src, of shape s, to dst: from row-major to channels-last, or back.
func reorder[T any](dst, src []T, s Shape, toLast bool) []T {
	channels, pixels := s[1], s[2]*s[3]
	size := channels * pixels
	for i := range s[0] {
		from, to := src[i*size:][:size], dst[i*size:][:size]
		if toLast {
			transpose(to, from, channels, pixels)
		} else {
			transpose(to, from, pixels, channels)
		}
	}
	return dst
}

// transpose writes the rows by cols matrix src to dst as cols by rows.
func transpose[T any](dst, src []T, rows, cols int) {
	for r := range rows {
		row := src[r*cols:][:cols]
		for c, v := range row {
			dst[c*rows+r] = v
		}
	}
}

// reordered is reorder of a slice of any element type.
func reordered(data any, s Shape, toLast bool) any {
	switch d := data.(type) {
	case []int8:
		return reorder(slices.Clone(d), d, s, toLast)
	case []uint8:
		return reorder(slices.Clone(d), d, s, toLast)
	case []int32:
		return reorder(slices.Clone(d), d, s, toLast)
	case []float32:
		return reorder(slices.Clone(d), d, s, toLast)
	}
	panic(fmt.Sprintf("tensor: channels-last elements in %T", data))
}
