package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// writeRare is the part of the table with what few models have, and with dynamic
// quantization.
func (e *emission) writeRare() error {
	switch o := e.node.Op.(type) {
	case op.Col2Im:
		return e.result("Col2Im", e.in, spatial(o.Spatial)...)
	case op.DeformConv:
		return e.result("DeformConv", e.in, append(spatial(o.Spatial), intAttr("group", o.Groups), intAttr("offset_group", o.OffsetGroups))...)
	case op.Det:
		return e.result("Det", e.in)
	case op.DFT:
		return e.dft(o)
	case op.TfIdf:
		return e.tfIdf(o)
	case op.Unique:
		attrs := []*onnxpb.AttributeProto{boolAttr("sorted", !o.InOrder)}
		if !o.Flat {
			attrs = append(attrs, intAttr("axis", o.Axis))
		}
		e.addAll("Unique", e.in, e.out, attrs...)
		return nil
	case op.DynamicQuantize:
		if o.ByRow {
			return e.dynamicRows()
		}
		e.addAll("DynamicQuantizeLinear", e.in, e.out)
		return nil
	case op.WeightOnlyLinear:
		return e.weightOnlyLinear(o)
	case op.WeightOnlyEmbedding:
		return e.weightOnlyEmbedding()
	case op.DynamicConv2D:
		return e.dynamicConv(o)
	case op.DynamicLinear:
		return e.dynamicLinear(o)
	case op.DynamicLSTM:
		return e.dynamicLSTM(o)
	case op.DynamicGRU:
		return e.dynamicGRU(o)
	case op.DynamicMatMul:
		sums := e.step("MatMulInteger", []string{e.in[0], e.in[3], e.in[2], e.in[5]})
		return e.rescaled(sums, e.in[4], "", quant.NoActivation)
	}
	return errNotWritten
}

// dft has the axis as an operand since operator set 20.
func (e *emission) dft(o op.DFT) error {
	length := ""
	if o.Length != 0 {
		length = constant(e.writer, e.node.Name+"/length", []int64{int64(o.Length)})
	}
	attrs := []*onnxpb.AttributeProto{boolAttr("inverse", o.Inverse), boolAttr("onesided", o.OneSided)}
	if e.export.Opset < 20 {
		if o.Inverse && o.OneSided {
			return e.since(20, "a one-sided DFT that is inverted")
		}
		return e.result("DFT", trimmed([]string{e.in[0], length}), append(attrs, intAttr("axis", o.Axis))...)
	}
	return e.result("DFT", []string{e.in[0], length, constant(e.writer, e.node.Name+"/axis", []int64{int64(o.Axis)})}, attrs...)
}

func (e *emission) tfIdf(o op.TfIdf) error {
	pool := &onnxpb.AttributeProto{Name: new("pool_int64s"), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: o.Pool}
	attrs := []*onnxpb.AttributeProto{
		textAttr("mode", o.Mode), intAttr("min_gram_length", o.MinLength), intAttr("max_gram_length", o.MaxLength), intAttr("max_skip_count", o.MaxSkip),
		intsAttr("ngram_counts", o.Starts...), intsAttr("ngram_indexes", o.Places...), pool,
	}
	if o.Weights != nil {
		attrs = append(attrs, floatsAttr("weights", o.Weights))
	}
	return e.result("TfIdfVectorizer", e.in, attrs...)
}

// dynamicConv multiplies integers, and scales the sums.
func (e *emission) dynamicConv(o op.DynamicConv2D) error {
	if o.FloorBias {
		return fmt.Errorf("it is not written to ONNX files where its bias is rounded down, as an early tool does")
	}
	weight, err := unsigned(e.node.Inputs[3])
	if err != nil {
		return err
	}
	if len(weight.Data.Shape()) != 4 {
		return fmt.Errorf("its weight %q has the shape %v", weight.Name, weight.Data.Shape())
	}
	shape := weight.Data.Shape()
	codes, scale, zero, err := e.integerWeight(weight, weight.Type.Q, "", len(weight.Type.Q.Scales), 1, 1)
	if err != nil {
		return err
	}
	c := o.Conv
	attrs := append(sliding(c.Sliding([2]int{shape[2], shape[3]})), intsAttr("dilations", c.Dilation[:]...), intAttr("group", c.Groups))
	sums := e.step("ConvInteger", []string{e.in[0], codes, e.in[2], zero}, attrs...)
	bias := ""
	if len(e.in) > 4 {
		bias = e.step("Reshape", []string{e.in[4], e.list("channels", int64(shape[0]), 1, 1)})
	}
	return e.rescaled(sums, scale, bias, c.Clamp())
}

func (e *emission) dynamicLinear(o op.DynamicLinear) error {
	weight, err := unsigned(e.node.Inputs[3])
	if err != nil {
		return err
	}
	turned, t, err := e.turnedCodes(weight)
	if err != nil {
		return err
	}
	codes, scale, zero, err := e.integerWeight(weight, t.Q, turned, len(t.Q.Scales))
	if err != nil {
		return err
	}
	bias := ""
	if len(e.in) > 4 {
		bias = e.in[4]
	}
	if o.ByRow {
		sums := e.step("MatMulInteger", []string{e.in[0], codes, "", zero})
		return e.rescaled(e.withoutZeros(sums, op.SumsOfRows(weight.Data)), scale, bias, o.Linear.Clamp())
	}
	return e.rescaled(e.step("MatMulInteger", []string{e.in[0], codes, e.in[2], zero}), scale, bias, o.Linear.Clamp())
}

// integerWeight returns the names of the codes of a weight, which may be written already, of
// its scales, in the given shape where there are several, and of its zero points.
func (e *emission) integerWeight(v *graph.Value, q *tensor.QParams, codes string, shape ...int) (string, string, string, error) {
	scale, err := e.scale(q)
	if err != nil {
		return "", "", "", err
	}
	if codes == "" {
		if codes, err = e.code(v); err != nil {
			return "", "", "", err
		}
	}
	if !q.IsPerTensor() && len(shape) > 1 {
		scale = e.step("Reshape", []string{scale, e.list("scales", int64s(shape)...)})
	}
	if !slices.ContainsFunc(q.ZeroPoints, func(z int64) bool { return z != q.ZeroPoints[0] }) {
		q = tensor.Affine(q.Scales[0], q.ZeroPoints[0])
	}
	zero, err := e.zeroPoint(v.Type.DType, q)
	return codes, scale, zero, err
}

// rescaled makes numbers of sums of products of dynamically quantized x, with a clamp.
func (e *emission) rescaled(sums, scale, bias string, act quant.Activation) error {
	steps := []struct{ kind, by string }{{"Mul", e.step("Mul", []string{e.in[1], scale})}}
	if bias != "" {
		steps = append(steps, struct{ kind, by string }{"Add", bias})
	}
	y := e.step("Cast", []string{sums}, intAttr("to", 1))
	for i, s := range steps {
		if i == len(steps)-1 && act == quant.NoActivation {
			return e.result(s.kind, []string{y, s.by})
		}
		y = e.step(s.kind, []string{y, s.by})
	}
	return e.clamp(act, y)
}
