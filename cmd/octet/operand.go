package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/tensor"
)

// operandFlags say where the numbers of `octet tensor` come from.
type operandFlags struct {
	args   []string // numbers, or one file
	tensor string   // name of the tensor in the file
	shape  []int
}

// load returns the operand as float32; - stands for an array on stdin.
func (o operandFlags) load(stdin io.Reader) (*tensor.Tensor, error) {
	if len(o.args) == 1 && o.args[0] == "-" {
		return o.fromStdin(stdin)
	}
	values, err := parseNumbers(o.args)
	if err == nil {
		return o.fromNumbers(values)
	}
	if len(o.args) != 1 {
		return nil, exit.Usagef("%q is neither a number nor the only argument: give numbers, or one file", strings.Join(o.args, " "))
	}
	path := o.args[0]
	t, err := o.fromFile(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Ext(path) == "" {
		return nil, exit.Usagef("%q is neither a number nor a file", path)
	}
	if err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	return o.reshape(t)
}

func (o operandFlags) fromStdin(stdin io.Reader) (*tensor.Tensor, error) {
	const name = "standard input"
	t, err := npy.Read(stdin)
	if err != nil {
		return nil, exit.WithCode(exit.Data, fmt.Errorf("%s: %w", name, err))
	}
	if t, err = asFloat32(name, t); err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	return o.reshape(t)
}

func (o operandFlags) fromNumbers(values []float32) (*tensor.Tensor, error) {
	if len(values) == 0 {
		return nil, exit.Usagef("no numbers were given")
	}
	return o.reshape(tensor.Of(values, len(values)))
}

func (o operandFlags) reshape(t *tensor.Tensor) (*tensor.Tensor, error) {
	if len(o.shape) == 0 {
		return t, nil
	}
	n, err := tensor.Shape(o.shape).CheckedNumel()
	if err != nil || n != t.Numel() {
		return nil, exit.Usagef("--shape %v does not hold %d numbers", tensor.Shape(o.shape), t.Numel())
	}
	return t.Reshape(o.shape...), nil
}

func (o operandFlags) fromFile(path string) (*tensor.Tensor, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	all, err := readTensors(path)
	if err != nil {
		return nil, err
	}
	t, err := o.pick(path, all)
	if err != nil {
		return nil, err
	}
	return asFloat32(path, t)
}

// pick chooses the tensor that --tensor names, or the only one.
func (o operandFlags) pick(path string, all []console.NamedTensor) (*tensor.Tensor, error) {
	var names []string
	for _, n := range all {
		if n.Name == o.tensor || o.tensor == "" && len(all) == 1 {
			return n.Tensor, nil
		}
		names = append(names, n.Name)
	}
	if o.tensor == "" {
		return nil, exit.Usagef("%s holds %d tensors; choose one with --tensor: %s", path, len(all), spelling.Abbreviate(names, 8))
	}
	return nil, fmt.Errorf("%s has no tensor %q; it has %s", path, o.tensor, spelling.Abbreviate(names, 8))
}

// asFloat32 converts the plain numeric types; quantized ones are refused, because this command
// is there to quantize.
func asFloat32(path string, t *tensor.Tensor) (*tensor.Tensor, error) {
	if t.DType().IsFloat() {
		out, err := t.ToFloat32()
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return out, err
	}
	out := make([]float32, t.Numel())
	switch t.DType() {
	case tensor.Int8:
		convert(out, t.Int8s())
	case tensor.Int16:
		convert(out, tensor.Data[int16](t))
	case tensor.Int32:
		convert(out, t.Int32s())
	case tensor.Int64:
		convert(out, t.Int64s())
	case tensor.UInt8, tensor.Bool:
		convert(out, t.Uint8s())
	case tensor.UInt16:
		convert(out, tensor.Data[uint16](t))
	case tensor.UInt32:
		convert(out, tensor.Data[uint32](t))
	case tensor.UInt64:
		convert(out, tensor.Data[uint64](t))
	default:
		return nil, fmt.Errorf("%s: the tensor has type %v; float or integer numbers are needed", path, t.DType())
	}
	return tensor.Of(out, t.Shape()...), nil
}

func convert[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](dst []float32, src []T) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}
