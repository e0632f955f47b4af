package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Mean averages over height and width: Axes must name exactly the last two of
// four axes, in any order, negative or not. On codes it keeps scale and zero
// point.
//
// Input: x [N, C, H, W]. Result: [N, C], or [N, C, 1, 1] with KeepDim.
type Mean struct {
	Axes    []int `json:"axes"`
	KeepDim bool  `json:"keepdim,omitempty"`
}

// Kind is "mean".
func (Mean) Kind() string { return "mean" }

// Signatures: float, and codes that keep their parameters.
func (Mean) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns [N, C] or [N, C, 1, 1].
func (m Mean) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if !m.overImage() {
		return nil, fmt.Errorf("mean over axes %v; only the mean over height and width, [2 3], is supported", m.Axes)
	}
	x := in[0].Shape
	if x[2] == 0 || x[3] == 0 {
		return nil, fmt.Errorf("input %v has no cells to average", x)
	}
	if m.KeepDim {
		return checked(tensor.Shape{x[0], x[1], 1, 1})
	}
	return checked(tensor.Shape{x[0], x[1]})
}

// overImage reports whether Axes are height and width.
func (m Mean) overImage() bool {
	var seen [4]bool
	for _, a := range m.Axes {
		a, err := axisOf(a, 4)
		if err != nil || seen[a] {
			return false
		}
		seen[a] = true
	}
	return seen == [4]bool{false, false, true, true}
}
