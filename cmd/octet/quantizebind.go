package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// bindMore makes constants of those inputs on which shapes may depend and whose data are the
// same in all samples. It reports whether there were more than before.
func (f *quantizeFlags) bindMore(c *console.Console, path string) bool {
	if f.ports == nil { // the file does not change while more is bound
		file, err := onnx.Open(path)
		if err != nil {
			return false
		}
		if f.ports, err = file.Inputs(); err != nil {
			return false
		}
	}
	in := latebound.Inputs{Data: map[string]*tensor.Tensor{}, Varying: map[string]tensor.Shape{}}
	for _, text := range f.calibration {
		name, array, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(f.ports, func(p onnx.Port) bool { return p.Name == name })
		if !namesArray(text) || i < 0 {
			continue
		}
		t, err := f.arrays.read(array)
		if err != nil {
			continue // reading it again says so
		}
		shape := t.Shape()
		if sizes := f.ports[i].Sizes; len(shape) == len(sizes)+1 {
			shape = shape[1:]
		} else if len(shape) > 0 && len(sizes) > 0 {
			shape = append(tensor.Shape{max(1, sizes[0])}, shape[1:]...)
		}
		if one := sameInAll(t, shape); one != nil {
			in.Data[name] = one
		} else {
			in.Varying[name] = shape
		}
	}
	return f.model.BindMore(c, in, "the sizes of the calibration data")
}

// sameInAll is the sample of a shape that t repeats, nil where samples differ.
func sameInAll(t *tensor.Tensor, shape tensor.Shape) *tensor.Tensor {
	b, size := t.Bytes(), shape.Numel()*t.DType().Size()
	if size == 0 || len(b)%size != 0 {
		return nil
	}
	for at := size; at < len(b); at += size {
		if !bytes.Equal(b[:size], b[at:at+size]) {
			return nil
		}
	}
	one, err := tensor.FromBytes(t.DType(), nil, shape, b[:size])
	if err != nil {
		return nil
	}
	return one
}
