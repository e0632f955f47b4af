package torch

import (
	"fmt"
	"io"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// load reads the elements of the tensors that have none yet. Each storage is
// read once; a tensor that is the whole of its storage is read straight into
// its place.
func (c *Checkpoint) load(wanted []*Tensor) error {
	var params []*Tensor // per-channel scales and zero points come first
	for _, t := range wanted {
		if t.Data == nil && t.view.params != nil && t.view.params.ready == nil {
			params = append(params, t.view.params.scales, t.view.params.zeros)
		}
	}
	if err := c.checkExpansion(slices.Concat(params, wanted)); err != nil {
		return err
	}
	if err := c.loadViews(params); err != nil {
		return err
	}
	return c.loadViews(wanted)
}

// checkExpansion refuses views that would blow a small file up: a stride of 0
// makes any number of elements out of one.
func (c *Checkpoint) checkExpansion(wanted []*Tensor) error {
	budget := 16<<20 + c.lim.ExpandRatio*c.size
	seen := map[*Tensor]bool{}
	for _, t := range wanted {
		if t.Data != nil || seen[t] {
			continue
		}
		seen[t] = true
		if t.view.bytes() > budget {
			return withRemedy(fmt.Errorf("%w: the tensors of a file of %d bytes take more than %d times as much memory", ErrLimit, c.size, c.lim.ExpandRatio),
				"raise Limits.ExpandRatio if that is right")
		}
		budget -= t.view.bytes()
	}
	return nil
}

func (c *Checkpoint) loadViews(wanted []*Tensor) error {
	groups := map[*Storage][]*Tensor{}
	seen := map[*Tensor]bool{}
	var order []*Storage
	for _, t := range wanted {
		if t.Data != nil || seen[t] {
			continue
		}
		seen[t] = true
		if groups[t.Storage] == nil {
			order = append(order, t.Storage)
		}
		groups[t.Storage] = append(groups[t.Storage], t)
	}
	for _, st := range order {
		if err := c.loadGroup(st, groups[st]); err != nil {
			return located(err, c.name, c.recordOf(st))
		}
	}
	return nil
}

// loadGroup loads all wanted views of one storage.
func (c *Checkpoint) loadGroup(st *Storage, group []*Tensor) error {
	fill := func(v *view, raw []byte) error { return st.readInto(raw) }
	if left := c.inFile && len(group) == 1 && group[0].view.leavable(); !left && !oneWholeView(group) {
		buffer := make([]byte, st.Bytes)
		if err := st.readInto(buffer); err != nil {
			return err
		}
		fill = func(v *view, raw []byte) error { v.gather(raw, buffer); return nil }
	}
	loaded := map[string]*tensor.Tensor{} // one tensor under two keys stays one
	for _, t := range group {
		v, key := t.view, t.view.geometry()
		var q *tensor.QParams
		if v.params != nil {
			var err error
			if q, err = v.params.resolve(v.dtype, v.shape); err != nil {
				return err
			}
		}
		if same := loaded[key]; same != nil && same.QParams().Equal(q) {
			t.Data = same
			continue
		}
		if c.inFile && v.leavable() && len(group) == 1 {
			data, err := tensor.FromSource(v.dtype, q, v.shape, weightInFile{c, st, !v.whole()})
			if err != nil {
				return err
			}
			t.Data = data
			continue
		}
		data, err := tensor.Decode(v.dtype, q, v.shape, func(raw []byte) error {
			if err := fill(v, raw); err != nil {
				return err
			}
			c.normalise(raw, v.dtype)
			return nil
		})
		if err != nil {
			return err
		}
		t.Data, loaded[key] = data, data
	}
	return nil
}

// leavable reports whether the view may stay in the file: a large quantized weight that fills
// its storage, row-major or channels-last.
func (v *view) leavable() bool {
	const large = 16 << 10
	return v.dtype == tensor.QInt8 && v.bytes() >= large && (v.whole() || v.wholeChannelsLast())
}

// wholeChannelsLast reports whether the view is its storage in the order of channels-last.
func (v *view) wholeChannelsLast() bool {
	fills := v.offset == 0 && v.bytes() == v.ref.Bytes
	return fills && len(v.shape) == 4 && sameOrder(v.shape, v.stride, channelsLastStrides(v.shape))
}

// weightInFile is a storage that is read when its tensor is used.
type weightInFile struct {
	c            *Checkpoint
	st           *Storage
	channelsLast bool
}

// ReadInto reads and checks the storage.
func (s weightInFile) ReadInto(dst []byte) error {
	return located(s.st.readInto(dst), s.c.name, s.c.recordOf(s.st))
}

// ChannelsLast tells the order in the file.
func (s weightInFile) ChannelsLast() bool { return s.channelsLast }

// oneWholeView reports whether all tensors of the group are the same view, and
// that is the whole storage.
func oneWholeView(group []*Tensor) bool {
	first := group[0].view
	for _, t := range group {
		if !t.view.whole() || t.view.geometry() != first.geometry() || t.view.params != first.params {
			return false
		}
	}
	return true
}

// normalise turns the bytes of the file into little-endian numbers and 0/1 bools.
func (c *Checkpoint) normalise(raw []byte, dtype tensor.DType) {
	if unit := swapUnit(dtype); c.bigEndian && unit > 1 {
		for i := 0; i+unit <= len(raw); i += unit {
			slices.Reverse(raw[i : i+unit])
		}
	}
	if dtype == tensor.Bool {
		for i, b := range raw {
			if b > 1 {
				raw[i] = 1
			}
		}
	}
}

// gather copies the elements of the view out of its storage in row-major order.
func (v *view) gather(dst, src []byte) {
	size := v.dtype.Size()
	walkStrided(v.shape, v.stride, v.offset, func(i int, at int64, n, step int) {
		from := int(at) * size
		if size == 1 { // quantized weights: most of what is not contiguous
			for j := range dst[i : i+n] {
				dst[i+j] = src[from+j*step]
			}
			return
		}
		for j := range n {
			copy(dst[(i+j)*size:(i+j+1)*size], src[from+j*step*size:])
		}
	})
}

// walkStrided calls visit for each run of n elements, in row-major order, with
// the index of the first, its address in elements, and the distance of two.
// Axes that follow each other in memory make one run.
func walkStrided(shape tensor.Shape, stride []int, offset int64, visit func(i int, at int64, n, step int)) {
	total := shape.Numel()
	if total == 0 {
		return
	}
	n, step, outer := 1, 1, len(shape)
coalesce:
	for ; outer > 0; outer-- {
		axis := outer - 1
		switch {
		case shape[axis] == 1:
		case n == 1:
			n, step = shape[axis], stride[axis]
		case stride[axis] == n*step:
			n *= shape[axis]
		default:
			break coalesce
		}
	}
	index := make([]int, outer)
	at := offset
	for i := 0; i < total; i += n {
		visit(i, at, n, step)
		for axis := outer - 1; axis >= 0; axis-- {
			index[axis]++
			at += int64(stride[axis])
			if index[axis] < shape[axis] {
				break
			}
			at -= int64(index[axis]) * int64(stride[axis])
			index[axis] = 0
		}
	}
}

// sectionOpener reads part of the file, for formats without compression.
func sectionOpener(r io.ReaderAt, offset, n int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(r, offset, n)), nil
	}
}
