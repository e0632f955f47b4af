package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Linear is torch.nn.functional.linear, followed by Act.
//
// Inputs: x [..., K], weight [O, K], optional bias [O] in float32.
// Result: [..., O].
type Linear struct {
	Act quant.Activation `json:"act,omitempty"`
}

// Kind is "linear".
func (Linear) Kind() string { return "linear" }

// Signatures: float, quint8 with qint8 weights to quint8, and the same to float32.
func (Linear) Signatures() []graph.Signature { return weighted }

// Infer returns [..., O].
func (l Linear) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 2, 3); err != nil {
		return nil, err
	}
	if err := checkActivation(l.Act); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if len(w) != 2 || w[0] == 0 || w[1] == 0 {
		return nil, fmt.Errorf("weight has shape %v; expected [O, K]", w)
	}
	if len(x) == 0 || x[len(x)-1] != w[1] {
		return nil, fmt.Errorf("weight %v expects %d features; the input has shape %v", w, w[1], x)
	}
	if err := checkBias(in, w[0]); err != nil {
		return nil, err
	}
	out := x.Clone()
	out[len(out)-1] = w[0]
	return checked(out)
}
