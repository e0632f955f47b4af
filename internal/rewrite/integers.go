package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Integers is the inverse of PlaceQDQ: it returns a copy of a graph in which a node that
// stands between Dequantize and Quantize computes on the codes themselves, where its
// operator has a rule for their types. This is how files with QuantizeLinear and
// DequantizeLinear around every node are meant. What has no rule stays float. Constants
// that are dequantized all the same become float ones, and those that are added to the numbers of a
// linear layer its bias.
func Integers(g *graph.Graph) (*graph.Graph, error) {
	return graph.Rewrite(g,
		graph.Pass{Name: "compute on codes", Run: computeOnCodes},
		graph.Pass{Name: "fold quantize behind dequantize", Run: foldQDQ},
		graph.Pass{Name: "weights of codes alone", Run: weightsOfCodes},
		graph.Pass{Name: "dequantize constants", Run: dequantizeConstants},
		graph.Pass{Name: "sums behind layers are biases", Run: biasOfSums},
	)
}

func computeOnCodes(g *graph.Graph) (changed bool, err error) {
	for _, n := range g.Nodes {
		out, ok := quantizedBehind(g, n)
		_, weighted := n.Op.(op.Weighted)
		if !ok && (!weighted || n.Output().Type.DType != tensor.Float32) {
			continue
		}
		if !ok {
			out = n.Output() // sums of codes become numbers
		}
		in := make([]*graph.Value, len(n.Inputs))
		for i, v := range n.Inputs {
			if in[i] = v; v.Node != nil {
				if _, ok := v.Node.Op.(op.Dequantize); ok {
					in[i] = v.Node.Inputs[0]
				}
			}
		}
		o := n.Op
		if average, ok := o.(op.Averaging); ok && g.Numerics == quant.ONNX && !takesCodes(o, in, out.Type) {
			o = average.Rescale()
		} else if ok && g.Numerics != quant.ONNX {
			if o, ok = referenceMean(o); !ok {
				continue
			}
		}
		if !takesCodes(o, in, out.Type) || slices.Equal(in, n.Inputs) {
			continue
		}
		n.Op, n.Inputs, n.Output().Type = o, in, out.Type
		if out != n.Output() {
			for _, q := range g.Consumers(n.Output()) {
				g.ReplaceUses(q.Output(), n.Output())
			}
		}
		changed = true
	}
	return changed, nil
}

// referenceMean is an average whose rule on codes adds numbers in PyTorch's order. The last digits of
// their sum decide where codes would give a half, so that others stay float.
func referenceMean(o graph.Op) (graph.Op, bool) {
	switch o := o.(type) {
	case op.Mean:
		o.Contiguous = true
		return o, true
	case op.AdaptiveAvgPool2D:
		return op.Mean{Axes: []int{2, 3}, KeepDim: true, Contiguous: true}, o.Output == [2]int{1, 1}
	}
	return nil, false
}

// quantizedBehind returns the result of the Quantize that reads n's result, if nothing
// else does but others of the same parameters.
func quantizedBehind(g *graph.Graph, n *graph.Node) (*graph.Value, bool) {
	switch n.Op.(type) {
	case op.Quantize, op.Dequantize:
		return nil, false
	}
	if len(n.Outputs) != 1 || n.Output().Type.DType != tensor.Float32 || g.IsOutput(n.Output()) {
		return nil, false
	}
	var out *graph.Value
	for _, reader := range g.Consumers(n.Output()) {
		if _, ok := reader.Op.(op.Quantize); !ok {
			return nil, false
		}
		t := reader.Output().Type
		if t.Q == nil || out != nil && (t.DType != out.Type.DType || !t.Q.Equal(out.Type.Q)) {
			return nil, false
		}
		out = reader.Output()
	}
	return out, out != nil
}

// takesCodes reports whether o has a rule for these inputs: only weights have several
// scales, along the axis of the output channels.
func takesCodes(o graph.Op, in []*graph.Value, out graph.Type) bool {
	types := make([]graph.Type, len(in))
	_, weighted := o.(op.Weighted)
	_, oneScaled := o.(op.OneScaled)
	for i, v := range in {
		types[i] = v.Type
		q := v.Type.Q
		if q == nil || q.IsPerTensor() {
			continue
		}
		if !weighted || oneScaled || i != 1 || q.Axis != 0 {
			return false
		}
	}
	for _, s := range o.Signatures() {
		if s.Matches(types, []graph.Type{out}) {
			return true
		}
	}
	return false
}

// dequantizeConstants makes numbers of constant codes that a node reads as numbers.
func dequantizeConstants(g *graph.Graph) (changed bool, err error) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Dequantize); !ok || n.Inputs[0].Role != graph.Parameter {
			continue
		}
		codes := n.Inputs[0].Data
		if err := codes.Load(); err != nil {
			return false, err
		}
		numbers, err := quant.Dequantize(codes)
		if err != nil {
			return false, err
		}
		g.ReplaceUses(n.Output(), g.AddConst(n.Name, numbers))
		changed = true
	}
	return changed, nil
}
