package pt2

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// weight is a tensor of the file: a view of the payload of a record.
type weight struct {
	record  string
	dtype   tensor.DType
	shape   tensor.Shape
	strides []int64 // in elements
	offset  int64
	// read reads it where it is a tensor of a pickle; nil of others.
	read       func() (*tensor.Tensor, error)
	perChannel bool // quantized with a scale for each channel
}

// weights reads the table of data/weights or data/constants.
func (f *File) weights(kind string) (map[string]weight, error) {
	table := "data/" + kind + "/model_" + kind + "_config.json"
	if f.records[table] == nil {
		return nil, nil
	}
	data, err := f.record(table, maxJSON)
	if err != nil {
		return nil, err
	}
	var config struct {
		Config map[string]struct {
			Path   string      `json:"path_name"`
			Pickle bool        `json:"use_pickle"`
			Meta   *tensorMeta `json:"tensor_meta"`
		} `json:"config"`
	}
	if err := decode(data, &config); err != nil {
		return nil, fmt.Errorf("record %s: %w", table, err)
	}
	found := make(map[string]weight, len(config.Config))
	for key, c := range config.Config {
		if c.Pickle || c.Meta == nil {
			continue // an object of Python; whatever needs it says so
		}
		w, err := f.weight(path.Join("data", kind), c.Path, *c.Meta)
		if err != nil {
			return nil, fmt.Errorf("record %s: %q: %w", table, key, err)
		}
		found[key] = w
	}
	return found, nil
}

// weight checks that a tensor lies within its record.
func (f *File) weight(folder, name string, m tensorMeta) (weight, error) {
	if name == "" || path.Base(name) != name || name == ".." || name == "." {
		return weight{}, fmt.Errorf("its record %q is not in %s", name, folder)
	}
	w := weight{record: folder + "/" + name}
	file := f.records[w.record]
	if file == nil {
		return w, fmt.Errorf("record %s is missing", w.record)
	}
	var err error
	if w.dtype, err = m.dtype(); err != nil {
		return w, err
	}
	if w.shape, err = m.shape(); err != nil {
		return w, err
	}
	if len(m.Strides) != len(w.shape) || !m.Offset.fixed || m.Offset.size < 0 {
		return w, fmt.Errorf("%d strides for %d axes, from %d on", len(m.Strides), len(w.shape), m.Offset.size)
	}
	w.offset = m.Offset.size
	elements := int64(file.UncompressedSize64) / int64(w.dtype.Size())
	last := w.offset
	for i, s := range m.Strides {
		if !s.fixed || s.size < 0 || s.size > math.MaxInt32*int64(maxRank) {
			return w, fmt.Errorf("stride %d of axis %d", s.size, i)
		}
		w.strides = append(w.strides, s.size)
		if w.shape[i] > 1 {
			if last += int64(w.shape[i]-1) * s.size; last > elements {
				break
			}
		}
	}
	if n := w.shape.Numel(); n > 0 && last >= elements {
		return w, fmt.Errorf("%v%v with strides %v from %d on reaches beyond the %d elements of record %s", w.dtype, w.shape, w.strides, w.offset, elements, w.record)
	} else if int64(n) > 4*elements+maxExpanded {
		return w, fmt.Errorf("%v%v is made of %d elements of record %s; at most four times as many are read", w.dtype, w.shape, elements, w.record)
	}
	return w, nil
}

// maxExpanded are elements that a tensor may have beyond its record, by strides of 0.
const maxExpanded = 1 << 16

// at reads the tensor of that key.
func (f *File) at(key string, table map[string]weight) (*tensor.Tensor, error) {
	w, ok := table[key]
	if !ok {
		return nil, errors.New("the file has no such tensor")
	}
	return f.tensor(w)
}

// tensor reads a weight.
func (f *File) tensor(w weight) (*tensor.Tensor, error) {
	if w.read != nil {
		return w.read()
	}
	data, err := f.record(w.record, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	size := w.dtype.Size()
	return tensor.Decode(w.dtype, nil, w.shape, func(raw []byte) error {
		if w.dense() {
			copy(raw, data[w.offset*int64(size):])
			return nil
		}
		at := make([]int, len(w.shape))
		for i := 0; i < len(raw); i += size {
			from := w.offset
			for axis, k := range at {
				from += int64(k) * w.strides[axis]
			}
			copy(raw[i:i+size], data[from*int64(size):])
			for axis := range slices.Backward(at) {
				if at[axis]++; at[axis] < w.shape[axis] {
					break
				}
				at[axis] = 0
			}
		}
		return nil
	})
}

// dense reports whether the elements lie one behind the other.
func (w weight) dense() bool {
	next := int64(1)
	for axis, n := range slices.Backward(w.shape) {
		if n != 1 && w.strides[axis] != next {
			return false
		}
		next *= int64(n)
	}
	return true
}

// Tensor returns a tensor of the state dict, in the type that the file declares.
func (f *File) Tensor(key string) (*tensor.Tensor, error) {
	w, ok := f.state[key]
	if !ok {
		return nil, fmt.Errorf("%s: the state dict has no key %q", f.name, key)
	}
	t, err := f.tensor(w)
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", f.name, key, err)
	}
	return t, nil
}
