package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// namedOutput is the JSON document of `octet run` with named inputs.
type namedOutput struct {
	Model   string      `json:"model"`
	Seconds float64     `json:"seconds"` // of computing
	Output  string      `json:"output,omitempty"`
	Outputs []namedInfo `json:"outputs"`
}

// namedInfo describes one output.
type namedInfo struct {
	Name  string       `json:"name"`
	DType tensor.DType `json:"dtype"`
	Shape []int        `json:"shape"`
}

// tensors reports whether the inputs are tensors as the model declares them, and not images or
// arrays of prepared images: because they are named, or the model does not take images.
func (f *runFlags) tensors(model *octet.Model) bool {
	if len(f.input) == 0 {
		return len(model.Graph().Inputs) == 0
	}
	return len(f.input) > 1 || strings.Contains(f.input[0], "=") || model.Arch() == ""
}

// byName reports whether all outputs are written, by name, as .npz.
func (f *runFlags) byName() bool { return strings.EqualFold(filepath.Ext(f.output), ".npz") }

// outputKind is .npy, or .npz.
func (f *runFlags) outputKind() console.OutputKind {
	if f.byName() {
		return console.ArraysOutput
	}
	return console.ArrayStream
}

// bindMore turns inputs on which shapes may depend into constants. It reports whether it found
// any that were not bound before.
func (f *runFlags) bindMore(c *console.Console) bool {
	given := map[string]*tensor.Tensor{}
	for _, text := range f.input {
		name, file, named := strings.Cut(text, "=")
		if !named {
			continue
		}
		if t, err := f.arrays.Read(file); err == nil { // the error comes when the model runs
			given[name] = t
		}
	}
	return f.model.BindMore(c, latebound.Inputs{Data: given}, "these sizes")
}

// runNamed computes all outputs of named inputs. Where shapes depend on the data of some,
// these become constants of a model that is opened for them.
func runNamed(c *console.Console, cmd *cobra.Command, f *runFlags, path string, model *octet.Model) error {
	err := runTensors(c, cmd, f, path, model)
	for errors.Is(err, graph.ErrComputed) && f.bindMore(c) {
		if model, err = f.model.Load(c, cmd, path); err == nil {
			err = runTensors(c, cmd, f, path, model)
		}
	}
	return err
}

func runTensors(c *console.Console, cmd *cobra.Command, f *runFlags, path string, model *octet.Model) error {
	session, err := model.Compile(octet.WithThreads(f.data.Threads))
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	given, err := f.arrays.Named("input", f.input, session.Inputs(), f.model.Bound.Constants)
	if err != nil {
		return err
	}
	if err := f.checkOutput(model); err != nil {
		return err
	}
	if err := c.Expect(console.Planned{Path: f.output}); err != nil { // its size is not known before the run
		return err
	}
	start := time.Now()
	results, err := session.RunNamed(cmd.Context(), given)
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	var outputs []console.NamedTensor
	names := slices.Sorted(maps.Keys(results))
	if declared, err := session.Outputs(); err == nil { // in the model's order; one that declares none has one
		names = names[:0]
		for _, v := range declared {
			names = append(names, v.Name)
		}
	}
	for _, name := range names {
		outputs = append(outputs, console.NamedTensor{Name: name, Tensor: results[name]})
	}
	return f.keep(c, namedOutput{Model: path, Seconds: time.Since(start).Seconds(), Output: f.output}, outputs)
}

// keep writes outputs where --output asks for it, and says what they are.
func (f *runFlags) keep(c *console.Console, out namedOutput, outputs []console.NamedTensor) error {
	results := map[string]*tensor.Tensor{}
	for _, o := range outputs {
		out.Outputs = append(out.Outputs, namedInfo{o.Name, o.Tensor.DType(), o.Tensor.Shape()})
		results[o.Name] = o.Tensor
	}
	if f.output != "" {
		if err := f.writeNamed(c, results); err != nil {
			return err
		}
	}
	return c.Result(out, func(w io.Writer) {
		for _, o := range out.Outputs {
			fmt.Fprintf(w, "%-10s %v%v\n", o.Name, o.DType, tensor.Shape(o.Shape))
		}
	})
}

// writeNamed writes all outputs as .npz, or the only one as .npy.
func (f *runFlags) writeNamed(c *console.Console, results map[string]*tensor.Tensor) error {
	for name, t := range results {
		var err error
		if results[name], err = inputs.Portable(t); err != nil {
			return err
		}
	}
	if f.byName() {
		_, err := c.Write(f.output, func(w io.Writer) error { return npy.WriteNPZ(w, results) })
		return err
	}
	for _, t := range results {
		return c.WriteArray(f.output, t)
	}
	return nil
}
