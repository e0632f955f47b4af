package ortcompat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// AdvancedSession is a model with the tensors that its runs read and write.
type AdvancedSession struct {
	dynamic         *DynamicAdvancedSession
	inputs, outputs []Value
}

// NewAdvancedSession reads a model from a file. Runs read the inputs, and write the outputs,
// which are of the shapes that the model gives; options may be nil.
func NewAdvancedSession(onnxFilePath string, inputNames, outputNames []string, inputs, outputs []Value, options *SessionOptions) (*AdvancedSession, error) {
	d, err := NewDynamicAdvancedSession(onnxFilePath, inputNames, outputNames, options)
	return fixed(d, inputs, outputs, err)
}

// NewAdvancedSessionWithONNXData is NewAdvancedSession of a model in memory.
func NewAdvancedSessionWithONNXData(onnxData []byte, inputNames, outputNames []string, inputs, outputs []Value, options *SessionOptions) (*AdvancedSession, error) {
	d, err := NewDynamicAdvancedSessionWithONNXData(onnxData, inputNames, outputNames, options)
	return fixed(d, inputs, outputs, err)
}

func fixed(d *DynamicAdvancedSession, inputs, outputs []Value, err error) (*AdvancedSession, error) {
	if err != nil {
		return nil, err
	}
	if err := d.checkCounts(inputs, outputs); err != nil {
		return nil, err
	}
	for i, v := range outputs {
		if isNil(v) {
			return nil, fmt.Errorf("ortcompat: the tensor of output %q is nil; a DynamicAdvancedSession makes tensors itself", d.model.outputs[i])
		}
	}
	return &AdvancedSession{d, inputs, outputs}, nil
}

// Run computes the outputs.
func (s *AdvancedSession) Run() error { return s.dynamic.Run(s.inputs, s.outputs) }

// RunWithOptions is Run that opts can end; nil ends none.
func (s *AdvancedSession) RunWithOptions(opts *RunOptions) error {
	return s.dynamic.RunWithOptions(s.inputs, s.outputs, opts)
}

// GetModelMetadata tells what the file says about itself.
func (s *AdvancedSession) GetModelMetadata() (*ModelMetadata, error) {
	return s.dynamic.GetModelMetadata()
}

// Destroy ends the use of the session; the tensors stay the caller's.
func (s *AdvancedSession) Destroy() error { return s.dynamic.Destroy() }

// DynamicAdvancedSession is a model whose runs are given their tensors.
type DynamicAdvancedSession struct {
	model *model // nil once it is destroyed
}

// NewDynamicAdvancedSession reads a model from a file. Every input has to be named; of the
// outputs, those that are wanted. options may be nil.
func NewDynamicAdvancedSession(onnxFilePath string, inputNames, outputNames []string, options *SessionOptions) (*DynamicAdvancedSession, error) {
	if err := check(); err != nil {
		return nil, err
	}
	file, err := onnx.Open(onnxFilePath)
	return dynamic(file, inputNames, outputNames, options, err)
}

// NewDynamicAdvancedSessionWithONNXData is NewDynamicAdvancedSession of a model in memory.
func NewDynamicAdvancedSessionWithONNXData(onnxData []byte, inputNames, outputNames []string, options *SessionOptions) (*DynamicAdvancedSession, error) {
	if err := check(); err != nil {
		return nil, err
	}
	file, err := readData(onnxData)
	return dynamic(file, inputNames, outputNames, options, err)
}

func readData(data []byte) (*onnx.File, error) {
	return onnx.Read(bytes.NewReader(data), int64(len(data)), "the model in memory")
}

func dynamic(file *onnx.File, inputNames, outputNames []string, options *SessionOptions, err error) (*DynamicAdvancedSession, error) {
	if err != nil {
		return nil, fmt.Errorf("ortcompat: %w", err)
	}
	m, err := newModel(file, inputNames, outputNames, options)
	if err != nil {
		return nil, err
	}
	return &DynamicAdvancedSession{m}, nil
}

// Run computes the outputs, in the order of their names. In place of a nil output, a tensor
// of the type and shape that the model gives is put into the slice: a *Tensor, or a
// *CustomDataTensor of float16 and bfloat16.
func (s *DynamicAdvancedSession) Run(inputs, outputs []Value) error {
	return s.RunWithOptions(inputs, outputs, nil)
}

// RunWithOptions is Run that opts can end; nil ends none.
func (s *DynamicAdvancedSession) RunWithOptions(inputs, outputs []Value, opts *RunOptions) error {
	if err := s.run(opts.context(), inputs, outputs); err != nil {
		return fmt.Errorf("ortcompat: %w", err)
	}
	return nil
}

func (s *DynamicAdvancedSession) run(ctx context.Context, inputs, outputs []Value) error {
	if err := s.checkCounts(inputs, outputs); err != nil {
		return err
	}
	given := make(map[string]*tensor.Tensor, len(inputs))
	for i, name := range s.model.inputs {
		if isNil(inputs[i]) {
			return fmt.Errorf("the tensor of input %q is nil", name)
		}
		t, err := inputs[i].held()
		if err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
		given[name] = t
	}
	results, err := s.model.run(ctx, given)
	if err != nil {
		return err
	}
	made := make([]Value, len(outputs)) // outputs change only where all is well
	for i, name := range s.model.outputs {
		if made[i], err = deliver(results[name], outputs[i]); err != nil {
			return fmt.Errorf("output %q: %w", name, err)
		}
	}
	copy(outputs, made)
	return nil
}

// deliver puts a result into the tensor for it, or makes one.
func deliver(result *tensor.Tensor, to Value) (Value, error) {
	if isNil(to) {
		return valueOf(result)
	}
	t, err := to.held()
	if err != nil {
		return nil, err
	}
	if t.DType() != result.DType() || !t.Shape().Equal(result.Shape()) {
		return nil, fmt.Errorf("it is %v; the tensor for it is %v", result, t)
	}
	copy(t.Memory(), result.Memory())
	return to, nil
}

func (s *DynamicAdvancedSession) checkCounts(inputs, outputs []Value) error {
	switch {
	case s == nil || s.model == nil:
		return errors.New("the session was destroyed")
	case len(inputs) != len(s.model.inputs):
		return fmt.Errorf("%d inputs for the names %q", len(inputs), s.model.inputs)
	case len(outputs) != len(s.model.outputs):
		return fmt.Errorf("%d outputs for the names %q", len(outputs), s.model.outputs)
	}
	return nil
}

// isNil reports whether there is no value: none at all, or a pointer to no tensor.
func isNil(v Value) bool { return v == nil || reflect.ValueOf(v).IsNil() }

// GetModelMetadata tells what the file says about itself.
func (s *DynamicAdvancedSession) GetModelMetadata() (*ModelMetadata, error) {
	if s.model == nil {
		return nil, errors.New("ortcompat: the session was destroyed")
	}
	return &ModelMetadata{s.model.file}, nil
}

// Destroy ends the use of the session. The second call is an error.
func (s *DynamicAdvancedSession) Destroy() error {
	if s.model == nil {
		return errors.New("ortcompat: the session was destroyed before")
	}
	s.model = nil
	return nil
}
