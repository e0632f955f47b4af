package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// bindMore turns inputs on which shapes may depend into constants, if their data are the same
// in all samples. It reports whether it found any that were not bound before.
func (f *quantizeFlags) bindMore(c *console.Console, path string) bool {
	if f.ports == nil { // read once: the file does not change
		file, err := openGraph(path)
		if err != nil {
			return false
		}
		defer file.Close()
		if f.ports, err = file.Inputs(); err != nil {
			return false
		}
	}
	in := latebound.Inputs{Data: map[string]*tensor.Tensor{}, Varying: map[string]tensor.Shape{}}
	for _, text := range f.calibration {
		name, array, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(f.ports, func(p onnx.Port) bool { return p.Name == name })
		if !inputs.NamesArray(text) || i < 0 {
			continue
		}
		t, err := f.arrays.Read(array)
		if err != nil {
			continue // the error comes when it is read again
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

// sameInAll is the first sample of t, of the given shape, if all samples are equal; else nil.
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
