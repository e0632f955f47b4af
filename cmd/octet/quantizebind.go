package main

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// bindMore makes constants of inputs of whole numbers that are the same in all samples, and
// then fixes the sizes of all others, for a model whose shapes depend on them. It reports
// whether there were some.
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
	ports := f.ports
	constants, shapes := map[string]*tensor.Tensor{}, map[string]tensor.Shape{}
	for _, text := range f.calibration {
		name, array, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(ports, func(p onnx.Port) bool { return p.Name == name })
		if !namesArray(text) || i < 0 || f.model.Constants[name] != nil {
			continue
		}
		t, err := f.arrays.read(array)
		if err != nil {
			continue // reading it again says so
		}
		shape := t.Shape()
		if len(shape) == len(ports[i].Sizes)+1 {
			shape = shape[1:]
		} else if len(shape) > 0 && len(ports[i].Sizes) > 0 {
			shape = append(tensor.Shape{max(1, ports[i].Sizes[0])}, shape[1:]...)
		}
		if !t.DType().IsFloat() {
			if one := sameInAll(t, shape); one != nil {
				constants[name] = one
				c.Note("assumed: the input %s is a constant: shapes depend on it", name)
				continue
			}
		}
		shapes[name] = shape
	}
	switch {
	case len(constants) > 0:
		if f.model.Constants == nil {
			f.model.Constants = map[string]*tensor.Tensor{}
		}
		maps.Copy(f.model.Constants, constants)
	case f.model.Shapes == nil && len(shapes) > 0:
		f.model.Shapes = shapes
		c.Note("assumed: inputs have always the sizes of the calibration data: what is computed depends on them")
	default:
		return false
	}
	return true
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
