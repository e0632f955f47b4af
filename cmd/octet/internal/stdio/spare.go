package stdio

import (
	"slices"
	"sync"

	"github.com/octet-ml/octet/tensor"
)

// maxSpare bounds the memory kept for inputs of changing sizes.
const maxSpare = 4

// spareTensors are inputs whose runs have ended, the latest last. Inputs are most
// often of one size, and new memory for each would keep the collector busy.
type spareTensors struct {
	mu   sync.Mutex
	free []*tensor.Tensor
}

// take returns a tensor with undefined elements, or nil.
func (s *spareTensors) take(dtype tensor.DType, shape tensor.Shape) *tensor.Tensor {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range slices.Backward(s.free) {
		if t.DType() == dtype && t.Shape().Equal(shape) {
			s.free = slices.Delete(s.free, i, i+1)
			return t
		}
	}
	return nil
}

// put keeps a tensor that nobody else refers to.
func (s *spareTensors) put(t *tensor.Tensor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == maxSpare {
		s.free = slices.Delete(s.free, 0, 1)
	}
	s.free = append(s.free, t)
}
