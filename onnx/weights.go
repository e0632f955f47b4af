package onnx

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// Weight is a tensor of a model's file whose place another one can take, that of a state dict.
type Weight struct {
	Name  string       // its key in the state dict, as far as the file knows
	DType tensor.DType // as the file declares it
	Shape tensor.Shape // its extents, all known
	Tied  string       // an earlier weight that is the same memory; empty where there is none
	// Constant says that no state dict need have it: it looks like a constant of the graph.
	Constant bool
}

// Weights are the initializers of the model. The names of those that PyTorch's exporters took from
// the state dict are its keys; numbers and vectors without such a name may be constants of the
// graph. A matrix without one was computed of weights when the file was written.
func (f *File) Weights() ([]Weight, error) {
	var weights []Weight
	for _, p := range f.model.GetGraph().GetInitializer() {
		w := Weight{Name: p.GetName()}
		var err error
		if w.DType, err = elementType(p.GetDataType()); err == nil {
			w.Shape, err = extents(p)
		}
		if err != nil {
			return nil, f.wrong(fmt.Errorf("initializer %q: %w", w.Name, err))
		}
		matrix := len(w.Shape) > 1 && w.Shape.Numel() > 1
		w.Constant = !w.DType.IsFloat() || !matrix && !isKey(w.Name)
		weights = append(weights, w)
	}
	return weights, nil
}

// isKey reports whether a name is the path of a parameter in a module.
func isKey(name string) bool {
	return strings.Contains(name, ".") && !strings.ContainsAny(name, "/:")
}

// Replace gives initializers other elements, of the types that the file declares: those of the
// state dict in keys of Weights. Graphs that are made from now on hold them, and what follows from them.
func (f *File) Replace(weights map[string]*tensor.Tensor) {
	f.replaced = map[*onnxpb.TensorProto]*tensor.Tensor{}
	for _, p := range f.model.GetGraph().GetInitializer() {
		if t := weights[p.GetName()]; t != nil {
			f.replaced[p] = t
		}
	}
}
