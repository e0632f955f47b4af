package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Cat joins tensors along Axis, which counts from the end when negative. Inputs
// with other quantization parameters than the result's are rescaled; those with
// equal ones are copied.
//
// Inputs: one or more, equal in all extents but Axis. Result: the sum of the
// extents along Axis.
type Cat struct {
	Axis int `json:"axis"`
}

// Kind is "cat".
func (Cat) Kind() string { return "cat" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Cat) Signatures() []graph.Signature {
	sigs := each(1, f32, u8, i8)
	for i := range sigs {
		sigs[i].Variadic = true
	}
	return sigs
}

// Infer returns the joined shape.
func (c Cat) Infer(in []graph.Type) (tensor.Shape, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("takes at least one input")
	}
	if err := checkInputs(in); err != nil {
		return nil, err
	}
	out := in[0].Shape.Clone()
	axis, err := axisOf(c.Axis, len(out))
	if err != nil {
		return nil, err
	}
	for i, t := range in[1:] {
		same := t.Shape.Clone()
		if len(same) == len(out) {
			same[axis] = out[axis]
		}
		if !same.Equal(out) {
			return nil, fmt.Errorf("input %d has shape %v, which does not join %v along axis %d", i+1, t.Shape, in[0].Shape, axis)
		}
		out[axis] += t.Shape[axis]
		if out[axis] > maxElements {
			return nil, fmt.Errorf("the result has more than %d elements along axis %d", maxElements, axis)
		}
	}
	return checked(out)
}
