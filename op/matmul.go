package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// MatMul multiplies matrices: a [..., M, K] by b [..., K, N], with equal leading
// axes. On codes the operands are dequantized, multiplied as floats, and the
// product is quantized.
//
// Inputs: a, b. Result: [..., M, N].
type MatMul struct{}

// Kind is "matmul".
func (MatMul) Kind() string { return "matmul" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (MatMul) Signatures() []graph.Signature { return each(2, f32, u8, i8) }

// Infer returns [..., M, N].
func (MatMul) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	n := len(a)
	if n < 2 || len(b) != n || !a[:n-2].Equal(b[:n-2]) || a[n-1] != b[n-2] {
		return nil, fmt.Errorf("shapes %v and %v: expected [..., M, K] and [..., K, N] with equal leading axes", a, b)
	}
	out := a.Clone()
	out[n-1] = b[n-1]
	return checked(out)
}
