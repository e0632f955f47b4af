package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// result collects the results of an epilogue, codes or float32.
type result struct {
	epilogue
	out   graph.Type
	codes []int32
	reals []float32
}

func (e epilogue) result(out graph.Type) result {
	n := out.Shape.Numel()
	if e.requant == nil {
		return result{epilogue: e, out: out, reals: make([]float32, n)}
	}
	return result{epilogue: e, out: out, codes: make([]int32, n)}
}

// set stores element i, from an accumulator of output channel c.
func (r result) set(i int, sum int32, c int) {
	if r.requant == nil {
		r.reals[i] = r.real(sum, c)
	} else {
		r.codes[i] = r.requant.Code(sum, c)
	}
}

func (r result) tensor() *tensor.Tensor {
	if r.requant == nil {
		return tensor.Of(r.reals, r.out.Shape...)
	}
	return ofCodes(r.codes, r.out)
}
