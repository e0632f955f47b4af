package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// AdaptiveAvgPool2D is torch.nn.functional.adaptive_avg_pool2d: output cell i
// of an axis averages the input cells floor(i*in/out) up to, not including,
// ceil((i+1)*in/out). On codes it keeps scale and zero point.
//
// Input: x [N, C, H, W]. Result: [N, C, Output[0], Output[1]].
type AdaptiveAvgPool2D struct {
	Output [2]int `json:"output"`
}

// Kind is "adaptive_avg_pool2d".
func (AdaptiveAvgPool2D) Kind() string { return "adaptive_avg_pool2d" }

// Signatures: float, and codes that keep their parameters.
func (AdaptiveAvgPool2D) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns [N, C, Output[0], Output[1]].
func (p AdaptiveAvgPool2D) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if err := attrRange("output size", p.Output, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if x[2] == 0 || x[3] == 0 {
		return nil, fmt.Errorf("input %v has no cells to average", x)
	}
	return checked(tensor.Shape{x[0], x[1], p.Output[0], p.Output[1]})
}
