package ptq

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// LayerError compares a node of a converted graph with the same node of the
// float graph it was made from.
type LayerError struct {
	Node string `json:"node"`
	Op   string `json:"op"`
	// SQNR of the node's result in decibels (see SQNR): what has been lost up to
	// and including this node.
	SQNR float64 `json:"sqnr_db"`
	// Saturated is the share of codes at the ends of their range, where values
	// may have been cut off; the lower end of a clamped result does not count.
	Saturated float64 `json:"saturated"`
}

// Compare runs a float graph and the int8 graph converted from it on the same
// batch and returns the error of every node that both have, in order of
// computation: where the SQNR falls sharply is the layer to exclude first.
func Compare(ctx context.Context, float, converted *graph.Graph, x *tensor.Tensor) ([]LayerError, error) {
	reference := map[string][]float32{}
	err := tap(ctx, float, x, func(v *graph.Value, t *tensor.Tensor) error {
		reference[v.Name] = t.Float32s()
		return nil
	})
	if err != nil {
		return nil, err
	}
	var layers []LayerError
	err = tap(ctx, converted, x, func(v *graph.Value, t *tensor.Tensor) error {
		want, ok := reference[v.Name]
		if !ok {
			return nil
		}
		got := t
		if t.DType().IsQuantized() {
			var err error
			if got, err = quant.Dequantize(t); err != nil {
				return err
			}
		}
		if len(want) != got.Numel() {
			return fmt.Errorf("node %q gives %d values in the float graph and %d in the converted one; compare a graph with its own conversion", v.Name, len(want), got.Numel())
		}
		layers = append(layers, LayerError{Node: v.Name, Op: v.Node.Op.Kind(), SQNR: SQNR(want, got.Float32s()), Saturated: saturated(t)})
		return nil
	})
	return layers, err
}

func tap(ctx context.Context, g *graph.Graph, x *tensor.Tensor, see engine.Tap) error {
	program, err := engine.Compile(g, engine.Options{})
	if err != nil {
		return err
	}
	_, err = program.NewSession().RunTapped(ctx, see, x)
	return err
}

// saturated is the share of codes at the ends of quint8.
func saturated(t *tensor.Tensor) float64 {
	if t.DType() != tensor.QUInt8 || t.Numel() == 0 {
		return 0
	}
	zero := t.QParams().ZeroPoint()
	n := 0
	for _, c := range t.Uint8s() {
		if c == 255 || c == 0 && zero != 0 {
			n++
		}
	}
	return float64(n) / float64(t.Numel())
}
