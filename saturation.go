package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// CheckSaturation lists the layers of an int8 model with int8 weights, and whether they
// saturate in runtimes that multiply by VPMADDUBSW, which adds products in pairs of 16 bits:
// PyTorch's fbgemm, and ONNX Runtime outside of its exact mode, on x86 CPUs without VNNI. In
// the worst case of the activations, and, with inputs, in fact. Pairs are neighbours where
// channels are innermost, as both lay weights out. octet itself is exact on every CPU.
func (m *Model) CheckSaturation(ctx context.Context, inputs Batches, opts ...CompileOption) ([]*ptq.LayerPairs, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if !m.quantized {
		return nil, fmt.Errorf("%s is a float model: quantize it first; nothing in it saturates", m.name())
	}
	watch, err := ptq.WatchPairs(m.graph)
	if err != nil {
		return nil, err
	}
	if inputs == nil {
		return watch.Layers, nil
	}
	s, err := m.Compile(opts...)
	if err != nil {
		return nil, err
	}
	readers := watch.Readers(m.graph)
	for x, err := range inputs {
		if err != nil {
			return nil, err
		}
		if _, err := s.RunTapped(ctx, x, func(n *graph.Node, t *tensor.Tensor) error {
			watch.See(readers[n.Output()], t)
			return ctx.Err()
		}); err != nil {
			return nil, err
		}
	}
	return watch.Layers, nil
}
