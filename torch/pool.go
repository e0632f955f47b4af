package torch

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/tensor"
)

// pool assigns the tensors of a state dict to the storages of the file. Most
// tensors have a storage of their own. Tensors that were views of one storage
// when read become views of one storage again.
type pool struct {
	sharers map[*Storage][]*Tensor // different views of one storage
	placed  map[any]*outStorage    // by Storage or by data
	order   []*outStorage
}

// outStorage is one data/N record.
type outStorage struct {
	index int
	dtype tensor.DType
	numel int64
	views []slot
}

// slot is a tensor's place in its storage.
type slot struct {
	storage *outStorage
	tensor  *Tensor
	offset  int64
	stride  []int
}

func (s *outStorage) key() string  { return strconv.Itoa(s.index) }
func (s *outStorage) bytes() int64 { return s.numel * int64(s.dtype.Size()) }

// newPool finds the storages that several different tensors share.
func newPool(sd *StateDict) *pool {
	p := &pool{sharers: map[*Storage][]*Tensor{}, placed: map[any]*outStorage{}}
	type sharer struct {
		storage *Storage
		data    *tensor.Tensor
	}
	seen := map[sharer]bool{}
	for _, key := range sd.Keys() {
		v, _ := sd.Entry(key)
		for _, t := range tensorsIn(v) {
			if t == nil || t.Data == nil || t.Storage == nil || t.view == nil || seen[sharer{t.Storage, t.Data}] {
				continue
			}
			seen[sharer{t.Storage, t.Data}] = true
			p.sharers[t.Storage] = append(p.sharers[t.Storage], t)
		}
	}
	return p
}

// place returns where t lies, making its storage at the first use.
func (p *pool) place(t *Tensor) (slot, error) {
	if t.view != nil && t.Storage != nil && len(p.sharers[t.Storage]) > 1 {
		return p.placeShared(t)
	}
	// Tensors with the same data are one tensor under two keys.
	if s := p.placed[t.Data]; s != nil {
		return slot{s, t, 0, s.views[0].stride}, nil
	}
	stride, err := layout(t)
	if err != nil {
		return slot{}, err
	}
	s := p.add(t.Data, t.DType(), int64(t.Data.Numel()))
	s.views = []slot{{s, t, 0, stride}}
	return s.views[0], nil
}

// placeShared writes a group of views into one storage, as they were read.
func (p *pool) placeShared(t *Tensor) (slot, error) {
	s := p.placed[t.Storage]
	if s == nil {
		numel := int64(0)
		for _, o := range p.sharers[t.Storage] {
			if o.DType() != t.DType() {
				return slot{}, fmt.Errorf("tensors of %v and %v share storage %s", t.DType(), o.DType(), t.Storage.Key)
			}
			if !o.Shape().Equal(o.view.shape) || o.DType() != o.view.dtype {
				return slot{}, fmt.Errorf("a tensor that shares storage %s is now %v; put it in with NewTensor", t.Storage.Key, o.Data)
			}
			numel = max(numel, o.view.end())
		}
		s = p.add(t.Storage, t.DType(), numel)
		for _, o := range p.sharers[t.Storage] {
			s.views = append(s.views, slot{s, o, o.view.offset, o.view.stride})
		}
	}
	return slot{s, t, t.view.offset, t.view.stride}, nil
}

func (p *pool) add(id any, dtype tensor.DType, numel int64) *outStorage {
	s := &outStorage{index: len(p.order), dtype: dtype, numel: numel}
	p.placed[id] = s
	p.order = append(p.order, s)
	return s
}

// end is the address behind the last element of the view.
func (v *view) end() int64 {
	if v.shape.Numel() == 0 {
		return v.offset
	}
	last := v.offset
	for i, n := range v.shape {
		last += int64(n-1) * int64(v.stride[i])
	}
	return last + 1
}

// layout returns the strides to write a tensor of its own storage with: those it
// was read with where they fill the storage, else the default of its kind.
func layout(t *Tensor) ([]int, error) {
	shape := t.Shape()
	if shape.Numel() == 0 {
		return rowMajorStrides(shape), nil
	}
	if t.Strides == nil {
		if t.DType().IsQuantized() && len(shape) == 4 {
			return channelsLastStrides(shape), nil
		}
		return rowMajorStrides(shape), nil
	}
	if len(t.Strides) != len(shape) {
		return nil, fmt.Errorf("strides %v for shape %v", t.Strides, shape)
	}
	if dense(shape, t.Strides) {
		return t.Strides, nil
	}
	return rowMajorStrides(shape), nil
}

// dense reports whether the strides of a tensor that is not empty are a
// permutation of row-major ones: every address belongs to exactly one element.
func dense(shape tensor.Shape, stride []int) bool {
	var axes []int
	for i, n := range shape {
		if n > 1 {
			axes = append(axes, i)
		}
	}
	slices.SortFunc(axes, func(a, b int) int { return stride[a] - stride[b] })
	step := 1
	for _, a := range axes {
		if stride[a] != step {
			return false
		}
		step *= shape[a]
	}
	return true
}

// payload returns the bytes of the record. A row-major tensor of its own storage
// is not copied.
func (s *outStorage) payload() ([]byte, error) {
	first := s.views[0]
	shape := first.tensor.Shape()
	if len(s.views) == 1 && sameOrder(shape, first.stride, rowMajorStrides(shape)) && first.offset == 0 {
		return first.tensor.Data.Bytes(), nil
	}
	out := make([]byte, s.bytes())
	for _, v := range s.views {
		v.scatter(out)
	}
	if len(s.views) == 1 {
		return out, nil
	}
	// Views that overlap must agree: a changed one would overwrite the others.
	for _, v := range s.views {
		want := v.tensor.Data.Bytes()
		got := make([]byte, len(want))
		v.asView().gather(got, out)
		if !bytes.Equal(got, want) {
			return nil, fmt.Errorf("tensors that share storage %s hold different values; put changed ones in with NewTensor", v.tensor.Storage.Key)
		}
	}
	return out, nil
}

// scatter puts the row-major elements at their addresses.
func (s slot) scatter(dst []byte) {
	src, size := s.tensor.Data.Bytes(), s.tensor.DType().Size()
	walkStrided(s.tensor.Shape(), s.stride, s.offset, func(i int, at int64, n, step int) {
		for j := range n {
			to := (int(at) + j*step) * size
			copy(dst[to:to+size], src[(i+j)*size:])
		}
	})
}

func (s slot) asView() *view {
	return &view{dtype: s.tensor.DType(), shape: s.tensor.Shape(), stride: s.stride, offset: s.offset}
}

// writePieces writes the payload in pieces, and stops between them if goOn returns an error.
func writePieces(w io.Writer, b []byte, goOn func() error) error {
	const piece = 8 << 20
	for len(b) > 0 {
		if err := goOn(); err != nil {
			return err
		}
		n := min(len(b), piece)
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
