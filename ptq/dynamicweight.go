package ptq

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// shared is a weight in codes, which nodes share that share the float one: all axes but the last
// become one, that of its rows. It has so many parts, as the directions of a recurrence are, each
// with a scale of its own at least. It is nil where the weight stays float.
func (c *dynamicConverter) shared(n *graph.Node, w *graph.Value, parts int) (*graph.Value, error) {
	v := c.weights[w]
	if v == nil {
		q, err := c.coded(n, w.Data, parts)
		if err != nil {
			return nil, fmt.Errorf("weight %q: %w", w.Name, err)
		}
		if q == nil {
			return nil, nil
		}
		v = &graph.Value{Name: c.unique(w.Name + ".codes"), Role: graph.Parameter, Type: graph.TypeOf(q), Data: q}
		c.out.Params = append(c.out.Params, v)
		c.weights[w] = v
	}
	c.report.weight(n.Name, w.Data, v.Data)
	return v, nil
}

// coded quantizes a weight of so many parts.
func (c *dynamicConverter) coded(n *graph.Node, w *tensor.Tensor, parts int) (*tensor.Tensor, error) {
	if err := w.Load(); err != nil {
		return nil, err
	}
	spec := c.p.QConfig.Weight
	if _, conv := n.Op.(op.Conv2D); !conv {
		k := w.Dim(len(w.Shape()) - 1)
		w = tensor.Of(w.Float32s(), w.Numel()/k, k)
	}
	if c.scaleOf != nil {
		return byRows(w, c.scaleOf)
	}
	if parts == 1 || spec.QScheme.IsPerChannel() {
		return QuantizeWeight(w, spec)
	}
	rows := w.Dim(0) / parts
	var codes []int8
	var scales []float64
	for part := range parts {
		q, err := QuantizeWeight(w.Rows(part*rows, (part+1)*rows), spec)
		if err != nil {
			return nil, err
		}
		codes = append(codes, q.Int8s()...)
		scales = append(scales, slices.Repeat([]float64{q.QParams().Scale()}, rows)...)
	}
	return tensor.OfQuantized(codes, tensor.PerAxis(scales, make([]int64, len(scales)), 0), w.Shape()...), nil
}

// byRows quantizes a weight again, whose rows tell their scales; nil where one does not know. A
// row of zeros may be of any weight.
func byRows(w *tensor.Tensor, scaleOf func(row []float32) (float64, bool)) (*tensor.Tensor, error) {
	rows, x := w.Dim(0), w.Float32s()
	k := len(x) / rows
	scales := make([]float64, rows)
	known := 0.0
	for i := range rows {
		row := x[i*k:][:k]
		zeros := !slices.ContainsFunc(row, func(v float32) bool { return v != 0 })
		s, ok := scaleOf(row)
		if !ok && !zeros {
			return nil, nil
		}
		if !zeros {
			scales[i], known = s, s
		}
	}
	if known == 0 {
		return nil, nil
	}
	for i, s := range scales {
		if s == 0 {
			scales[i] = known
		}
	}
	if !slices.ContainsFunc(scales, func(s float64) bool { return s != known }) {
		return quant.QuantizePerTensor(w, known, 0, tensor.QInt8)
	}
	return quant.QuantizePerChannel(w, scales, make([]int64, rows), 0, tensor.QInt8)
}

// recurrence makes n, of so many directions, a dynamic one, or says why it stays in float.
func (c *dynamicConverter) recurrence(n *graph.Node, directions int, dynamic graph.Op) (Reason, string, error) {
	for i, v := range n.Inputs {
		switch constant := v.Role == graph.Parameter; {
		case i == 0 && constant:
			return ConstantOperand, "an operand is a constant", nil
		case i >= 1 && i <= 3 && !constant:
			return ComputedWeight, "its weight or bias is computed", nil
		case i == 4 && !(constant && v.Data.Numel() == 0):
			return NoInt8Form, "sequences with lengths of their own have no dynamic form", nil
		}
	}
	w, err := c.shared(n, n.Inputs[1], directions)
	if err != nil || w == nil {
		return FloatWeight, floatWeight, err
	}
	r, err := c.shared(n, n.Inputs[2], directions)
	if err != nil || r == nil {
		return FloatWeight, floatWeight, err
	}
	n.Op = dynamic
	n.Inputs[1], n.Inputs[2] = w, r
	return NotFloat, "", nil
}

// smallTable is the number of elements up to which an embedding is too small to gain from codes.
const smallTable = 1 << 14

// table is the table of an embedding that is worth codes: the rows of a constant matrix at
// computed places. PyTorch's quantize_dynamic leaves embeddings in float.
func (c *dynamicConverter) table(n *graph.Node) *graph.Value {
	g, ok := n.Op.(op.Gather)
	if !ok || c.numerics != quant.ONNX || n.Inputs[1].Role == graph.Parameter {
		return nil
	}
	w := n.Inputs[0]
	if s := w.Type.Shape; g.Axis != 0 || w.Role != graph.Parameter || w.Type.DType != tensor.Float32 || len(s) != 2 || s.Numel() < smallTable {
		return nil
	}
	return w
}

// embedding stores the table of n as codes, of which the rows that are read are dequantized. It has
// one scale, since codes keep their parameters when rows are selected.
func (c *dynamicConverter) embedding(n *graph.Node, table *graph.Value) (Reason, string, error) {
	if err := table.Data.Load(); err != nil {
		return NotFloat, "", err
	}
	spec := c.p.QConfig.Weight.PerTensor()
	spec.QScheme = quant.PerTensorAffine // its zero point costs nothing
	q, err := QuantizeWeight(table.Data, spec)
	if err != nil {
		return NotFloat, "", fmt.Errorf("table %q: %w", table.Name, err)
	}
	c.report.weight(n.Name, table.Data, q)
	n.Inputs[0] = c.out.AddConst(c.unique(table.Name+".codes"), q)
	y := n.Output()
	y.Type = graph.TypeOf(q)
	y.Type.Shape = nil
	real := c.out.InsertAfter(y, c.unique(n.Name+"/dequantized"), op.Dequantize{}, graph.Float32, y)
	c.out.ReplaceUses(y, real, real.Node)
	return NotFloat, "", nil
}
