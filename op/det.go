package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Det is torch.linalg.det of square matrices.
//
// Input: x [..., N, N]. Result: [...].
type Det struct{}

// Kind is "det".
func (Det) Kind() string { return "det" }

// Signatures: float.
func (Det) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x without the matrices.
func (Det) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if len(x) < 2 || x[len(x)-1] != x[len(x)-2] {
		return nil, fmt.Errorf("input of shape %v; expected square matrices", x)
	}
	return float(x[:len(x)-2].Clone())
}

// Eval eliminates below the largest pivot of each column, in float64.
func (Det) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s, y := in[0].Shape(), tensor.New(f32, out[0].Shape...)
	n := s[len(s)-1]
	for i := range y.Float32s() {
		m := make([]float64, n*n)
		for j, v := range in[0].Float32s()[i*n*n:][:n*n] {
			m[j] = float64(v)
		}
		y.Float32s()[i] = float32(determinant(m, n))
	}
	return []*tensor.Tensor{y}, nil
}

// determinant is that of a matrix of n rows, which it overwrites.
func determinant(m []float64, n int) float64 {
	d := 1.0
	for k := range n {
		pivot := k
		for r := k + 1; r < n; r++ {
			if math.Abs(m[r*n+k]) > math.Abs(m[pivot*n+k]) {
				pivot = r
			}
		}
		if pivot != k {
			d = -d
			for c := range n {
				m[k*n+c], m[pivot*n+c] = m[pivot*n+c], m[k*n+c]
			}
		}
		if d *= m[k*n+k]; m[k*n+k] == 0 {
			return 0
		}
		for r := k + 1; r < n; r++ {
			factor := m[r*n+k] / m[k*n+k]
			for c := k; c < n; c++ {
				m[r*n+c] -= float64(factor * m[k*n+c])
			}
		}
	}
	return d
}
