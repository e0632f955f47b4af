package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// codedBlocks reads DequantizeLinear of a constant matrix of at most eight bits whose blocks along
// an axis have scales: as codes whose rows are the blocks, which a layer may read. It is nil where
// they do not fit.
func (n *node) codedBlocks(s op.Scaling) ([]*graph.Value, error) {
	x, scale := n.in[0], n.in[1]
	shape := x.Type.Shape
	if s.Block < 1 || x.Role != graph.Parameter || x.Type.DType != tensor.Int64 || len(shape) != 2 || shape.Numel() == 0 || scale.Role != graph.Parameter || scale.Type.DType != tensor.Float32 {
		return nil, nil
	}
	axis := s.Axis
	if axis < 0 {
		axis += 2
	}
	if axis < 0 || axis > 1 || shape[axis]%s.Block != 0 || scale.Data.Numel() != shape.Numel()/s.Block {
		return nil, nil // that its shape is wrong will be said when it is inferred
	}
	zeros := make([]int64, scale.Data.Numel())
	if n.has(2) {
		z := n.in[2]
		if z.Role != graph.Parameter || z.Type.DType != tensor.Int64 || z.Data.Numel() != len(zeros) {
			return nil, nil
		}
		zeros = z.Data.Int64s()
	}
	for _, v := range []*graph.Value{x, scale} {
		if err := v.Data.Load(); err != nil {
			return nil, err
		}
	}
	d := tensor.QInt8
	if kind := n.kindOf(0); kind == 2 || kind == 21 { // uint8, uint4
		d = tensor.QUInt8
	}
	rows, each := len(zeros), s.Block
	q := tensor.PerAxis(make([]float64, rows), make([]int64, rows), 0)
	codes := x.Data.Int64s()
	lo, hi := d.CodeRange()
	blocks := shape[axis] / each
	raw := make([]byte, len(codes))
	for o := range shape[1-axis] {
		for b := range blocks {
			row, from := o*blocks+b, o*blocks+b
			if axis == 0 {
				from = b*shape[1] + o
			}
			v := scale.Data.Float32s()[from]
			if !(v > 0) || math.IsInf(float64(v), 1) {
				return nil, nil
			}
			q.Scales[row], q.ZeroPoints[row] = float64(v), zeros[from]
			for i := range each {
				at := o*shape[1] + b*each + i
				if axis == 0 {
					at = (b*each+i)*shape[1] + o
				}
				if codes[at] < lo || codes[at] > hi {
					return nil, nil
				}
				raw[row*each+i] = byte(codes[at])
			}
		}
	}
	if err := q.Validate(d, tensor.Shape{rows, each}); err != nil {
		return nil, err
	}
	t, err := tensor.FromBytes(d, q, tensor.Shape{rows, each}, raw)
	if err != nil {
		return nil, err
	}
	stored := n.constant(t)
	real := n.weightNumbers(stored.Name+"/dequantized", stored)
	matrix := op.Reshape{Shape: []int{shape[1-axis], shape[axis]}}
	if axis == 1 {
		return n.add(n.first(), matrix, real)
	}
	if real, err = n.step(matrix, real); err != nil {
		return nil, err
	}
	return n.add(n.first(), op.Transpose{Perm: []int{1, 0}}, real)
}
