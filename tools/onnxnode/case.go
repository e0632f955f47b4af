package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// testCase is a model with its inputs and what it must make of them.
type testCase struct {
	path          string
	operator, out string
	inputs, wants []named
	rtol, atol    float64
}

type named struct {
	name string
	data *tensor.Tensor
}

func content(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// readCase reads a file of cases.py. What it knows of a file with an error is returned, too.
func readCase(path string) (c testCase, err error) {
	c.path = path
	f, err := onnx.Open(path)
	if err != nil {
		return c, err
	}
	about := f.Metadata()
	c.operator, c.out = about["test.operator"], about["test.out"]
	for _, t := range []struct {
		name string
		to   *float64
	}{{"test.rtol", &c.rtol}, {"test.atol", &c.atol}} {
		if *t.to, err = strconv.ParseFloat(about[t.name], 64); err != nil {
			return c, err
		}
	}
	for _, side := range []struct {
		prefix string
		ports  func() ([]onnx.Port, error)
		to     *[]named
	}{{"test/input/", f.Inputs, &c.inputs}, {"test/output/", f.Outputs, &c.wants}} {
		ports, err := side.ports()
		if err != nil {
			return c, err
		}
		for _, p := range ports {
			t, err := f.Initializer(side.prefix + p.Name)
			if err != nil {
				return c, err
			}
			*side.to = append(*side.to, named{p.Name, t})
		}
	}
	return c, nil
}

// run computes the outputs, and says how they differ from what is expected. Where shapes depend on
// the data of inputs, these become constants, as `octet run` makes them.
func (c testCase) run(ctx context.Context, how []octet.CompileOption) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	given := latebound.Inputs{Data: map[string]*tensor.Tensor{}}
	for _, in := range c.inputs {
		given.Data[in.name] = in.data
	}
	var bound latebound.Binding
	results, err := c.compute(ctx, given, bound, how)
	for errors.Is(err, graph.ErrComputed) && bound.More(given) {
		results, err = c.compute(ctx, given, bound, how)
	}
	if err != nil {
		return err
	}
	for _, want := range c.wants {
		if err := differs(results[want.name], want.data, c.rtol, c.atol); err != nil {
			return fmt.Errorf("%s: %w", want.name, err)
		}
	}
	return nil
}

func (c testCase) compute(ctx context.Context, given latebound.Inputs, bound latebound.Binding, how []octet.CompileOption) (map[string]*tensor.Tensor, error) {
	var opts []octet.OpenOption
	free := maps.Clone(given.Data)
	for name, t := range bound.Constants {
		opts = append(opts, octet.WithInput(name, t))
		delete(free, name)
	}
	for name, shape := range bound.Shapes {
		opts = append(opts, octet.WithShape(name, shape...))
	}
	m, err := octet.Open(c.path, opts...)
	if err != nil {
		return nil, err
	}
	s, err := m.Compile(how...)
	if err != nil {
		return nil, err
	}
	return s.RunNamed(ctx, free)
}

// differs says how a result differs from what is expected, by numpy's rule.
func differs(got, want *tensor.Tensor, rtol, atol float64) error {
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		return fmt.Errorf("%v%v; expected %v%v", got.DType(), got.Shape(), want.DType(), want.Shape())
	}
	a, err := onnx.Held(got)
	if err != nil {
		return err
	}
	b, err := onnx.Held(want)
	if err != nil {
		return err
	}
	for i := range b.Numel() {
		x, y := number(a, i), number(b, i)
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			continue
		}
		if !(math.Abs(x-y) <= atol+rtol*math.Abs(y)) || math.IsInf(y, 0) {
			return fmt.Errorf("element %d of %v is %v; expected %v", i, b.Shape(), x, y)
		}
	}
	return nil
}

func number(t *tensor.Tensor, i int) float64 {
	switch t.DType() {
	case tensor.Float32:
		return float64(t.Float32s()[i])
	case tensor.Int64:
		return float64(t.Int64s()[i])
	}
	return float64(t.Uint8s()[i])
}
