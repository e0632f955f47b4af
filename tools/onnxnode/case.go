package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
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

// run computes the outputs, and says how they differ from what is expected.
func (c testCase) run(ctx context.Context, how []octet.CompileOption) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	given := &bindings{inputs: c.inputs}
	results, err := c.compute(ctx, given, how)
	for errors.Is(err, graph.ErrComputed) && given.more() {
		results, err = c.compute(ctx, given, how)
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

func (c testCase) compute(ctx context.Context, given *bindings, how []octet.CompileOption) (map[string]*tensor.Tensor, error) {
	m, err := octet.Open(c.path, given.options()...)
	if err != nil {
		return nil, err
	}
	s, err := m.Compile(how...)
	if err != nil {
		return nil, err
	}
	return s.RunNamed(ctx, given.free())
}

// bindings are the inputs of a test: those that are constants of the model, since shapes
// depend on them, as `octet run` makes them constants, and those that a run is given.
type bindings struct {
	inputs []named
	sizes  bool // they are fixed
	bound  map[string]bool
}

func (b *bindings) options() (opts []octet.OpenOption) {
	for _, in := range b.inputs {
		switch {
		case b.bound[in.name]:
			opts = append(opts, octet.WithInput(in.name, in.data))
		case b.sizes:
			opts = append(opts, octet.WithShape(in.name, in.data.Shape()...))
		}
	}
	return opts
}

func (b *bindings) free() map[string]*tensor.Tensor {
	free := map[string]*tensor.Tensor{}
	for _, in := range b.inputs {
		if !b.bound[in.name] {
			free[in.name] = in.data
		}
	}
	return free
}

// more binds whole numbers first, then sizes, then a few numbers, and reports whether there
// was anything left to bind.
func (b *bindings) more() bool {
	if b.bound == nil {
		b.bound = map[string]bool{}
		if b.bind(func(t *tensor.Tensor) bool { return !t.DType().IsFloat() && t.Numel() <= 1<<12 }) {
			return true
		}
	}
	if !b.sizes {
		b.sizes = true
		return true
	}
	return b.bind(func(t *tensor.Tensor) bool { return t.DType().IsFloat() && len(t.Shape()) < 2 && t.Numel() <= 1<<4 })
}

func (b *bindings) bind(suits func(*tensor.Tensor) bool) (some bool) {
	for _, in := range b.inputs {
		if !b.bound[in.name] && suits(in.data) {
			b.bound[in.name], some = true, true
		}
	}
	return some
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
