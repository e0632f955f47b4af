package engine

import (
	"reflect"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// packedLayers are lowered layers by their weights, which programs share: packing weights
// is most of the time of a compilation.
type packedLayers map[*tensor.Tensor][]lowered

// packedLayers returns those of like, if it was compiled for the same CPU and numerics.
func (p *Program) packedLayers(like *Program) packedLayers {
	if like == nil || like.cpu != p.cpu || like.g.Numerics != p.g.Numerics {
		return nil
	}
	layers := packedLayers{}
	for _, l := range like.lowered {
		_, packs := l.op.(packer)
		if _, naive := l.op.(evaluation); packs && !naive { // an evaluation packs nothing
			if w := op.WeightOf(l.node); w != nil {
				layers[w.Data] = append(layers[w.Data], l)
			}
		}
	}
	return layers
}

// like returns n as another program has it, or false.
func (layers packedLayers) like(n *graph.Node) (lowered, bool) {
	w := op.WeightOf(n)
	if w == nil || w.Data == nil {
		return lowered{}, false
	}
	for _, l := range layers[w.Data] {
		if sameLayer(l.node, n) {
			return lowered{node: n, op: l.op, reason: l.reason}, true
		}
	}
	return lowered{}, false
}

// sameOperand reports whether two operands are the same parameter, or both something that
// is computed, with elements of the same type.
func sameOperand(v, w *graph.Value) bool {
	constant := v.Role == graph.Parameter
	if constant != (w.Role == graph.Parameter) || constant && v.Data != w.Data {
		return false
	}
	return sameElements(v.Type, w.Type)
}

// sameLayer reports whether two layers have the same parameters, attributes and types.
func sameLayer(a, b *graph.Node) bool {
	if len(a.Inputs) != len(b.Inputs) || len(a.Outputs) != len(b.Outputs) || !reflect.DeepEqual(a.Op, b.Op) {
		return false
	}
	for i, v := range a.Inputs {
		if !sameOperand(v, b.Inputs[i]) {
			return false
		}
	}
	for i, v := range a.Outputs {
		if !sameElements(v.Type, b.Outputs[i].Type) {
			return false
		}
	}
	return true
}

func sameElements(a, b graph.Type) bool {
	return a.DType == b.DType && (a.Q == nil) == (b.Q == nil) && (a.Q == nil || a.Q.Equal(b.Q))
}
