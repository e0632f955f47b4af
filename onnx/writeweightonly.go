package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// opsetOf is the operator set that a graph is written in where none is asked for: the default, or the
// first that has all of its operators, of those of weights in codes.
func opsetOf(g *graph.Graph) int {
	for _, n := range g.Nodes {
		if o, ok := n.Op.(op.WeightOnlyLinear); ok && o.Groups > 1 {
			return blocksOpset
		}
	}
	return DefaultExportOpset
}

// blocksOpset is the operator set in which DequantizeLinear has blocks.
const blocksOpset = 21

// weightOnlyLinear writes a MatMul with a dequantized weight, and an Add. ONNX Runtime makes one
// operator of that, which reads the codes, and of a Gemm it does not.
func (e *emission) weightOnlyLinear(o op.WeightOnlyLinear) error {
	v := e.node.Inputs[1]
	if v.Data == nil {
		return fmt.Errorf("its weight %q has no data", v.Name)
	}
	if err := v.Data.Load(); err != nil {
		return err
	}
	s, err := o.Matrix(v.Data.Shape())
	if err != nil {
		return err
	}
	plain := tensor.Int8
	if v.Type.DType == tensor.QUInt8 {
		plain = tensor.UInt8
	}
	matrix, err := tensor.FromBytes(plain, nil, s, v.Data.Bytes())
	if err != nil {
		return err
	}
	turned, err := transposed(matrix)
	if err != nil {
		return err
	}
	codes, err := e.initializer(v.Name+"/transposed", turned)
	if err != nil {
		return err
	}
	q := v.Type.Q
	real := e.unique(v.Name + "/dequantized")
	if o.Groups == 1 || q.IsPerTensor() {
		t := graph.Type{DType: v.Type.DType, Q: q}
		if !q.IsPerTensor() {
			t.Q = tensor.PerAxis(q.Scales, q.ZeroPoints, 1)
		}
		err = e.dequantize(codes, t, real)
	} else {
		err = e.dequantizeBlocks(codes, v.Type, s, o.Groups, real)
	}
	if err != nil {
		return err
	}
	if len(e.in) == 2 {
		return e.result("MatMul", []string{e.in[0], real})
	}
	return e.result("Add", []string{e.step("MatMul", []string{e.in[0], real}), e.in[2]})
}

// dequantizeBlocks makes numbers of codes [K, O] whose scales are those of groups of K.
func (e *emission) dequantizeBlocks(codes string, t graph.Type, s tensor.Shape, groups int, out string) error {
	if err := e.since(blocksOpset, "DequantizeLinear with a scale for each block"); err != nil {
		return err
	}
	turned := tensor.PerAxis(make([]float64, len(t.Q.Scales)), make([]int64, len(t.Q.Scales)), 0)
	for row := range t.Q.Scales {
		to := row%groups*s[0] + row/groups
		turned.Scales[to], turned.ZeroPoints[to] = t.Q.Scales[row], t.Q.ZeroPoints[row]
	}
	params, err := e.scales(graph.Type{DType: t.DType, Q: turned})
	if err != nil {
		return err
	}
	for _, p := range e.writer.out.Initializer[len(e.writer.out.Initializer)-2:] { // the scales and zero points
		p.Dims = []int64{int64(groups), int64(s[0])}
	}
	e.add("DequantizeLinear", append([]string{codes}, params...), out, intAttr("axis", 0), intAttr("block_size", s[1]/groups))
	return nil
}

// weightOnlyEmbedding writes rows of codes times the scales of the rows, so that a runtime does not
// dequantize the table in every run; with zero points it does.
func (e *emission) weightOnlyEmbedding() error {
	v := e.node.Inputs[0]
	if v.Data == nil {
		return fmt.Errorf("its table %q has no data", v.Name)
	}
	if err := v.Data.Load(); err != nil {
		return err
	}
	q, axis := v.Type.Q, intAttr("axis", 0)
	if slices.ContainsFunc(q.ZeroPoints, func(z int64) bool { return z != 0 }) {
		real, err := e.real(v)
		if err != nil {
			return err
		}
		return e.result("Gather", []string{real, e.in[1]}, axis)
	}
	codes, err := e.code(v)
	if err != nil {
		return err
	}
	scales := make([]float32, v.Data.Dim(0))
	for i := range scales {
		scales[i] = float32(q.Scales[i%len(q.Scales)])
	}
	rows := e.step("Cast", []string{e.step("Gather", []string{codes, e.in[1]}, axis)}, intAttr("to", int(onnxpb.TensorProto_FLOAT)))
	by := e.step("Gather", []string{constant(e.writer, v.Name+"/scale", scales, len(scales), 1), e.in[1]}, axis)
	return e.result("Mul", []string{rows, by})
}
