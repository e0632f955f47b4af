package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// AvgPool2D is torch.nn.functional.avg_pool2d. On codes it keeps scale and zero
// point. CountIncludePad divides by the window's size with padding, but without
// what CeilMode adds beyond it; otherwise only input cells count. qnnpack's
// rule, which holds without CeilMode, always divides by the whole kernel.
//
// Input: x [N, C, H, W]. Result: [N, C, OH, OW].
type AvgPool2D struct {
	Kernel          [2]int `json:"kernel"`
	Stride          [2]int `json:"stride"`
	Padding         [2]int `json:"padding"`
	CeilMode        bool   `json:"ceil_mode,omitempty"`
	CountIncludePad bool   `json:"count_include_pad"`
}

// Kind is "avg_pool2d".
func (AvgPool2D) Kind() string { return "avg_pool2d" }

// Signatures: float, and codes that keep their parameters.
func (AvgPool2D) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns [N, C, OH, OW].
func (p AvgPool2D) Infer(in []graph.Type) (tensor.Shape, error) {
	return inferPool(in, p.Kernel, p.Stride, p.Padding, [2]int{1, 1}, p.CeilMode)
}
