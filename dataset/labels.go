package dataset

import (
	"fmt"
	"io"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// readLabels reads n labels from a .npy of integers or an IDX file.
func readLabels(path string, n int) ([]int, error) {
	f, err := recognise(path)
	if err != nil {
		return nil, err
	}
	var labels []int
	switch f {
	case formatNPY:
		t, err := npy.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if labels, err = toLabels(t); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	case formatIDX:
		if labels, err = idxLabels(path); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s: labels are read from .npy and IDX files only", path)
	}
	if len(labels) != n {
		return nil, fmt.Errorf("%s: %d labels for %d images; give the labels of these images", path, len(labels), n)
	}
	return labels, nil
}

func idxLabels(path string) ([]int, error) {
	f, err := readIDX(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if len(f.shape) != 1 {
		return nil, fmt.Errorf("%s: labels need the shape [N], found %v; is this a file of images?", path, f.shape)
	}
	b := make([]byte, f.shape[0])
	if _, err := f.data.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return widen(b), nil
}

// toLabels converts integers of shape [N] or [N, 1], none below -1.
func toLabels(t *tensor.Tensor) ([]int, error) {
	if s := t.Shape(); len(s) == 0 || len(s) > 2 || len(s) == 2 && s[1] != 1 {
		return nil, fmt.Errorf("labels need the shape [N], found %v", t)
	}
	var out []int
	switch t.DType() {
	case tensor.UInt8:
		out = widen(t.Uint8s())
	case tensor.Int8:
		out = widen(t.Int8s())
	case tensor.Int16:
		out = widen(tensor.Data[int16](t))
	case tensor.UInt16:
		out = widen(tensor.Data[uint16](t))
	case tensor.Int32:
		out = widen(t.Int32s())
	case tensor.Int64:
		out = widen(t.Int64s())
	default:
		return nil, fmt.Errorf("labels must be integers of at most 64 bits, signed, found %v; save y.astype(numpy.int64)", t)
	}
	const most = 1 << 24
	for i, v := range out {
		if v < -1 || v > most {
			return nil, fmt.Errorf("label %d of sample %d is not a class; labels are 0, 1, 2 ..., or -1 for unknown", v, i)
		}
	}
	return out, nil
}

func widen[T uint8 | int8 | int16 | uint16 | int32 | int64](in []T) []int {
	out := make([]int, len(in))
	for i, v := range in {
		out[i] = int(v)
	}
	return out
}
