package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Add adds two tensors of equal shape, then applies Act. It does not broadcast:
// PyTorch's qnnpack rule holds for equal shapes only.
//
// Inputs: a, b. Result: their shape.
type Add struct {
	Act quant.Activation `json:"act,omitempty"`
}

// Kind is "add".
func (Add) Kind() string { return "add" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Add) Signatures() []graph.Signature { return each(2, f32, u8, i8) }

// Infer returns the common shape.
func (o Add) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkActivation(o.Act); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if !a.Equal(b) {
		return nil, fmt.Errorf("shapes %v and %v differ; add does not broadcast", a, b)
	}
	return checked(a.Clone())
}
