package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

func pending(o graph.Op) (*tensor.Tensor, error) {
	return nil, fmt.Errorf("%s has no evaluation yet", o.Kind())
}

// Eval is not written yet.
func (o Conv2D) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Linear) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o BatchNorm) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Clamp) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Add) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Mul) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Cat) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o MaxPool2D) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o AvgPool2D) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o AdaptiveAvgPool2D) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Mean) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Flatten) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Quantize) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o Dequantize) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o MatMul) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}

// Eval is not written yet.
func (o FakeQuantize) Eval(graph.Context, []*tensor.Tensor, graph.Type) (*tensor.Tensor, error) {
	return pending(o)
}
