package ortcompat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// model is what both kinds of sessions run. Where shapes inside depend on data of the inputs,
// it is compiled for these data when they are first seen.
type model struct {
	file            *onnx.File
	threads         int
	inputs, outputs []string

	mu       sync.Mutex
	level    int // of what is bound of the inputs, the highest that was needed
	compiled []compiled
}

// compiled is a session for some constants in place of inputs.
type compiled struct {
	key     string
	session *octet.Session
}

// maxCompiled is how many of them are kept.
const maxCompiled = 8

// newModel checks the names, and compiles the model unless it needs data for that.
func newModel(file *onnx.File, inputs, outputs []string, o *SessionOptions) (*model, error) {
	m := &model{file: file, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs)}
	if o != nil {
		if o.destroyed {
			return nil, errors.New("ortcompat: the session options were destroyed")
		}
		m.threads = o.threads
	}
	if err := m.checkNames(); err != nil {
		return nil, fmt.Errorf("ortcompat: %s: %w", file.Name(), err)
	}
	_, err := m.session(latebound.Binding{})
	if errors.Is(err, graph.ErrComputed) {
		m.level = 1
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ortcompat: %w", err)
	}
	return m, nil
}

func (m *model) checkNames() error {
	declared, err := m.file.Inputs()
	if err != nil {
		return err
	}
	if err := among("input", m.inputs, declared); err != nil {
		return err
	}
	for _, p := range declared {
		if !slices.Contains(m.inputs, p.Name) {
			return fmt.Errorf("the input %v is not among the names %q", p, m.inputs)
		}
	}
	if declared, err = m.file.Outputs(); err != nil {
		return err
	}
	return among("output", m.outputs, declared)
}

// among returns an error unless every name is that of a port, once.
func among(what string, names []string, ports []onnx.Port) error {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("the %s %q is named twice", what, name)
		}
		if !slices.ContainsFunc(ports, func(p onnx.Port) bool { return p.Name == name }) {
			return fmt.Errorf("there is no %s %q; there are %v", what, name, ports)
		}
	}
	return nil
}

// session is the model compiled for what is bound of the inputs.
func (m *model) session(b latebound.Binding) (*octet.Session, error) {
	key := keyOf(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.compiled, func(c compiled) bool { return c.key == key }); i >= 0 {
		return m.compiled[i].session, nil
	}
	var opts []octet.OpenOption
	for name, t := range b.Constants {
		opts = append(opts, octet.WithInput(name, t.Clone())) // the memory is the caller's
	}
	for name, shape := range b.Shapes {
		opts = append(opts, octet.WithShape(name, shape...))
	}
	opened, err := octet.OpenONNX(m.file, opts...)
	if err != nil {
		return nil, err
	}
	s, err := opened.Compile(octet.WithThreads(m.threads))
	if err != nil {
		return nil, err
	}
	if len(m.compiled) == maxCompiled {
		m.compiled = slices.Delete(m.compiled, 0, 1)
	}
	m.compiled = append(m.compiled, compiled{key, s})
	return s, nil
}

// keyOf identifies constants and sizes.
func keyOf(b latebound.Binding) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(b.Constants)) {
		t := b.Constants[name]
		fmt.Fprintf(&key, "%q %v %x\n", name, t, t.Memory())
	}
	for _, name := range slices.Sorted(maps.Keys(b.Shapes)) {
		fmt.Fprintf(&key, "%q %v\n", name, b.Shapes[name])
	}
	return key.String()
}

// run computes all outputs, by their names.
func (m *model) run(ctx context.Context, inputs map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	m.mu.Lock()
	level := m.level
	m.mu.Unlock()
	given := latebound.Inputs{Data: inputs}
	bound := latebound.At(level, given)
	for {
		s, err := m.session(bound)
		if err == nil {
			var results map[string]*tensor.Tensor
			if results, err = s.RunNamed(ctx, left(s, inputs)); err == nil {
				return results, nil
			}
		}
		if !errors.Is(err, graph.ErrComputed) || !bound.More(given) {
			return nil, err
		}
		m.mu.Lock()
		m.level = max(m.level, bound.Level)
		m.mu.Unlock()
	}
}

// left are the inputs that a session still takes.
func left(s *octet.Session, inputs map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	takes := s.Inputs()
	if len(takes) == len(inputs) {
		return inputs
	}
	kept := make(map[string]*tensor.Tensor, len(takes))
	for _, v := range takes {
		kept[v.Name] = inputs[v.Name]
	}
	return kept
}
