package rewrite

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// PlaceQDQ returns a copy of g in which every node's inputs have types that its
// operator computes, and every output of the graph is float32. Where they do
// not fit, a Quantize or a Dequantize is inserted behind the value, one for all
// its readers, named after it (conv1.quant, conv1.dequant), with the reason in
// Node.Note. A Quantize of a value that was dequantized from the same type
// disappears.
//
// quantized gives the type that a float value takes where codes are needed; it
// may be nil where no Quantize is expected. The error names the node for which
// no combination of conversions is known.
func PlaceQDQ(g *graph.Graph, quantized func(name string) (graph.Type, bool)) (*graph.Graph, error) {
	if quantized == nil {
		quantized = func(string) (graph.Type, bool) { return graph.Type{}, false }
	}
	return graph.Rewrite(g,
		graph.Pass{Name: "place quantize and dequantize", Run: func(g *graph.Graph) (bool, error) {
			return placeQDQ(g, quantized)
		}},
		graph.Pass{Name: "fold dequantize-quantize", Run: foldQDQ},
	)
}

func placeQDQ(g *graph.Graph, quantized func(string) (graph.Type, bool)) (changed bool, err error) {
	p := placer{g: g, quantized: quantized, made: map[madeKey]*graph.Value{}}
	// Inserting does not disturb the loop: it runs over the nodes as they were.
	for _, n := range append([]*graph.Node(nil), g.Nodes...) {
		mismatch := n.CheckSignature()
		if mismatch == nil {
			continue
		}
		plan, ok := p.plan(n)
		if !ok {
			return changed, mismatch
		}
		changed = true
		for i, want := range plan {
			n.Inputs[i] = p.as(n.Inputs[i], want, n.Name)
		}
		if err := n.CheckSignature(); err != nil {
			return changed, err
		}
	}
	for i, v := range g.Outputs {
		if v.Type.DType.IsQuantized() {
			g.Outputs[i] = p.as(v, tensor.Float32, "the output")
			changed = true
		}
	}
	return changed, nil
}

type placer struct {
	g         *graph.Graph
	quantized func(string) (graph.Type, bool)
	made      map[madeKey]*graph.Value
}

type madeKey struct {
	v     *graph.Value
	dtype tensor.DType
}

// plan picks the signature of n that needs the fewest conversions and returns
// the element type that each input must have.
func (p *placer) plan(n *graph.Node) ([]tensor.DType, bool) {
	var best []tensor.DType
	least := len(n.Inputs) + 1
	var inputs, out []graph.Type
	for _, v := range n.Inputs {
		inputs = append(inputs, v.Type)
	}
	for _, v := range n.Outputs {
		out = append(out, v.Type)
	}
	for _, s := range n.Op.Signatures() {
		if !s.Gives(out[0].DType) {
			continue // asking for the codes of its inputs would report them as missing
		}
		s = s.Bound(inputs, out)
		want := make([]tensor.DType, len(n.Inputs))
		in := make([]graph.Type, len(n.Inputs))
		conversions, ok := 0, len(s.In) > 0
		for i, v := range n.Inputs {
			in[i] = v.Type
			var room bool
			if want[i], room = s.Input(i); !room || !ok {
				ok = false
				break
			}
			if want[i] != v.Type.DType {
				in[i], ok = p.converted(v, want[i])
				conversions++
			}
		}
		if ok && s.Matches(in, out) && conversions < least {
			best, least = want, conversions
		}
	}
	return best, best != nil
}

// converted returns the type that v would have as dtype, if it can be had.
func (p *placer) converted(v *graph.Value, dtype tensor.DType) (graph.Type, bool) {
	switch {
	case v.Role == graph.Parameter:
		return graph.Type{}, false
	case dtype == tensor.Float32 && v.Type.DType.IsQuantized():
		return graph.Float32, true
	case v.Type.DType == tensor.Float32:
		t, ok := p.quantized(v.Name)
		return t, ok && t.DType == dtype
	}
	return graph.Type{}, false
}

// as returns v with another element type, inserting the conversion when it is
// wanted for the first time.
func (p *placer) as(v *graph.Value, dtype tensor.DType, reader string) *graph.Value {
	if v.Type.DType == dtype {
		return v
	}
	key := madeKey{v, dtype}
	if made, ok := p.made[key]; ok {
		return made
	}
	var made *graph.Value
	if dtype == tensor.Float32 {
		made = p.g.InsertAfter(v, v.Name+".dequant", op.Dequantize{}, graph.Float32, v)
	} else {
		t, _ := p.quantized(v.Name)
		made = p.g.InsertAfter(v, v.Name+".quant", op.Quantize{}, t, v)
	}
	made.Node.Note = fmt.Sprintf("inserted: %s needs %v", reader, dtype)
	p.made[key] = made
	return made
}

// foldQDQ removes every Quantize whose input was dequantized from the type that
// it quantizes to.
func foldQDQ(g *graph.Graph) (changed bool, err error) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Quantize); !ok || n.Inputs[0].Node == nil {
			continue
		}
		producer := n.Inputs[0].Node
		if _, ok := producer.Op.(op.Dequantize); !ok {
			continue
		}
		source := producer.Inputs[0]
		if source.Type.DType == n.Output().Type.DType && source.Type.Q.Equal(n.Output().Type.Q) && source.Type.Q != nil {
			g.ReplaceUses(n.Output(), source)
			changed = true
		}
	}
	return changed, nil
}
