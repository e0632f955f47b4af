package pt2

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// onCodes are the operators of models that torch.ao has converted: codes in, and codes with the
// given scale and zero point out.
var onCodes = map[string]importer{
	"quantized.conv2d":              readQConv(2, quant.NoActivation),
	"quantized.conv2d_relu":         readQConv(2, quant.ReLU),
	"quantized.linear":              readQLinear(quant.NoActivation),
	"quantized.linear_relu":         readQLinear(quant.ReLU),
	"quantized.linear_dynamic":      readQDynamic(quant.NoActivation),
	"quantized.linear_relu_dynamic": readQDynamic(quant.ReLU),
	"quantized.add":                 readQPair(op.Add{}),
	"quantized.add_relu":            readQPair(op.Add{Act: quant.ReLU}),
	"quantized.mul":                 readQPair(op.Mul{}),
	"quantized.cat":                 readQCat,
	"quantized.batch_norm2d":        readQBatchNorm(quant.NoActivation),
	"quantized.batch_norm2d_relu":   readQBatchNorm(quant.ReLU),
	"quantized.hardswish":           readQUnary(op.Hardswish{}),
	"quantized.sigmoid":             readQUnary(op.Sigmoid{}),
	"quantized.leaky_relu":          readQLeakyReLU,
	"quantize_per_tensor.default":   readQuantStub,
	"dequantize.self":               readDequantStub,
}

// codesSchema has the parameters of onCodes, which are not those of PyTorch: packed parameters
// are apart.
const codesSchema = `
quantized.conv2d input weight bias stride padding dilation groups scale zero_point
quantized.conv2d_relu input weight bias stride padding dilation groups scale zero_point
quantized.linear input weight bias scale zero_point
quantized.linear_relu input weight bias scale zero_point
quantized.linear_dynamic input weight bias reduce_range=false
quantized.linear_relu_dynamic input weight bias reduce_range=false
quantized.add self other scale zero_point
quantized.add_relu self other scale zero_point
quantized.mul self other scale zero_point
quantized.cat tensors dim scale zero_point
quantized.batch_norm2d input weight bias mean var eps scale zero_point
quantized.batch_norm2d_relu input weight bias mean var eps scale zero_point
quantized.hardswish self scale zero_point
quantized.sigmoid self scale zero_point
quantized.leaky_relu self negative_slope inplace scale zero_point
quantize_per_tensor.default self scale zero_point dtype
dequantize.self self
`

// params are the scale and the zero point that the node's result has.
func (n *node) params(d tensor.DType) *tensor.QParams {
	scale, zero := float64(float32(n.real("scale"))), int64(n.whole("zero_point"))
	q := tensor.Affine(scale, zero)
	if n.Err == nil {
		if err := q.Validate(d, nil); err != nil {
			n.Refuse("%w", err)
		}
	}
	return q
}

// giveCodes adds the operator that computes the node's result, quint8.
func (n *node) giveCodes(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	q := n.params(tensor.QUInt8)
	for _, v := range in {
		if n.Err == nil && v == nil {
			n.Refuse("an operand is missing")
		}
	}
	if n.Err != nil {
		return nil, n.Err
	}
	if !in[0].Type.DType.IsQuantized() {
		return nil, fmt.Errorf("its operand is %v; codes are read", in[0].Type)
	}
	v := n.Graph.AddNode(n.name, o, in...)
	v.Type = graph.Type{DType: tensor.QUInt8, Q: q}
	if err := v.Node.CheckSignature(); err != nil {
		return nil, err
	}
	return v.Node.Outputs, n.Learn(v.Node)
}

func readQConv(axes int, act quant.Activation) importer {
	return func(n *node) ([]*graph.Value, error) {
		w, groups := n.filter(axes), n.whole("groups")
		o := op.Conv2D{Stride: [2]int(w.stride), Padding: [2]int(w.before), Dilation: [2]int(w.dilation), Groups: groups, Act: act}
		return n.giveCodes(o, given(n.tensor("input"), n.codedWeight(), n.optional("bias"))...)
	}
}

func readQLinear(act quant.Activation) importer {
	return func(n *node) ([]*graph.Value, error) {
		return n.giveCodes(op.Linear{Act: act}, given(n.tensor("input"), n.codedWeight(), n.optional("bias"))...)
	}
}

// readQDynamic reads a linear layer that quantizes its operand by the range that it finds, and
// whose result is float.
func readQDynamic(act quant.Activation) importer {
	return func(n *node) ([]*graph.Value, error) {
		if !n.flag("reduce_range") {
			n.Refuse("reduce_range is False: PyTorch 1.8 and later set it")
		}
		x := n.tensor("input")
		if n.Err == nil && x.Type.DType != tensor.Float32 {
			n.Refuse("its operand is %v; float32 is read", x.Type)
		}
		codes := n.Split(op.DynamicQuantize{}, x)
		in := given(codes[0], codes[1], codes[2], n.codedWeight(), n.optional("bias"))
		return n.Result(op.DynamicLinear{Linear: op.Linear{Act: act}}, in...)
	}
}

// codedWeight is the weight of a layer, whose codes are symmetric.
func (n *node) codedWeight() *graph.Value {
	v := n.tensor("weight")
	if n.Err != nil {
		return nil
	}
	q := v.Type.Q
	if v.Type.DType != tensor.QInt8 || q == nil || q.FloatZeroPoints != nil || !q.IsPerTensor() && q.Axis != 0 {
		n.Refuse("its weight is %v; qint8, per tensor or along axis 0, is read", v.Type)
		return nil
	}
	for _, z := range q.ZeroPoints {
		if z != 0 {
			n.Refuse("its weight has zero point %d; symmetric weights, of zero points 0, are read", z)
			return nil
		}
	}
	return v
}

func readQPair(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) { return n.giveCodes(o, n.tensor("self"), n.tensor("other")) }
}

func readQUnary(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) { return n.giveCodes(o, n.tensor("self")) }
}

func readQLeakyReLU(n *node) ([]*graph.Value, error) {
	return n.giveCodes(op.LeakyReLU{Slope: float32(n.real("negative_slope"))}, n.tensor("self"))
}

// joinedCodes is a join of codes, which keeps the parameters of the first.
func (n *node) joinedCodes(list []*graph.Value) ([]*graph.Value, error) {
	axis, rank, q := n.whole("dim"), len(n.made().Sizes), list[0].Type.Q
	if n.Err == nil && (list[0].Type.DType != tensor.QUInt8 || rank == 0 || axis < -rank || axis >= rank) {
		n.Refuse("axis %d of %d axes of %v", axis, rank, list[0].Type)
	}
	if n.Err != nil {
		return nil, n.Err
	}
	v := n.Graph.AddNode(n.name, op.Cat{Axis: (axis + rank) % rank}, list...)
	v.Type = graph.Type{DType: tensor.QUInt8, Q: q}
	if err := v.Node.CheckSignature(); err != nil {
		return nil, err
	}
	return v.Node.Outputs, n.Learn(v.Node)
}

func readQCat(n *node) ([]*graph.Value, error) {
	list, axis, rank := n.tensors("tensors"), n.whole("dim"), len(n.made().Sizes)
	if n.Err == nil && (rank == 0 || axis < -rank || axis >= rank) {
		n.Refuse("axis %d of %d axes", axis, rank)
	}
	if n.Err != nil {
		return nil, n.Err
	}
	return n.giveCodes(op.Cat{Axis: (axis + rank) % rank}, list...)
}

// readQBatchNorm is PyTorch's batch norm on codes: f32(alpha*(q-z)) + beta for each channel, with
// the scales in alpha and beta, then rounded to a code.
func readQBatchNorm(act quant.Activation) importer {
	return func(n *node) ([]*graph.Value, error) {
		x, q := n.tensor("input"), n.params(tensor.QUInt8)
		var channels [4][]float32
		for i, name := range []string{"weight", "bias", "mean", "var"} {
			v := n.tensor(name)
			if n.Err == nil && (v.Data == nil || v.Type.DType != tensor.Float32 || i > 0 && v.Data.Numel() != len(channels[0])) {
				n.Refuse("its %s is %v; a constant for each channel is read", name, v.Type)
			}
			if n.Err != nil {
				return nil, n.Err
			}
			channels[i] = v.Data.Float32s()
		}
		if !x.Type.DType.IsQuantized() || !x.Type.Q.IsPerTensor() {
			n.Refuse("its operand is %v; codes are read", x.Type)
			return nil, n.Err
		}
		eps, in := float32(n.real("eps")), x.Type.Q
		a := op.Affine{}
		for c, weight := range channels[0] {
			inverse := float32(1 / float64(float32(math.Sqrt(float64(channels[3][c]+eps)))))
			a.Scale = append(a.Scale, float32(float64(inverse*weight)*(in.Scales[0]/q.Scales[0])))
			shift := channels[1][c] - float32(float32(channels[2][c]*inverse)*weight)
			a.Shift = append(a.Shift, float32(float64(shift)/q.Scales[0]))
		}
		y := n.Do(op.Sub{}, n.As(tensor.Float32, n.Do(op.IntRepr{}, x)), n.Scalar(float32(in.ZeroPoints[0])))
		if y = n.Do(a, y); act != quant.NoActivation {
			y = n.Do(op.Clamp{Act: act}, y)
		}
		if n.Err != nil {
			return nil, n.Err
		}
		codes := n.relabelled(n.unique(n.name+"/codes"), tensor.Affine(1, q.ZeroPoints[0]), op.Quantize{}, y)
		v := n.relabelled(n.name, q, op.FromIntRepr{}, n.Do(op.IntRepr{}, codes))
		return []*graph.Value{v}, n.Err
	}
}

// relabelled adds an operator whose result are quint8 codes with parameters of its own.
func (n *node) relabelled(name string, q *tensor.QParams, o graph.Op, in *graph.Value) *graph.Value {
	if n.Err != nil {
		return nil
	}
	v := n.Graph.AddNode(name, o, in)
	v.Type = graph.Type{DType: tensor.QUInt8, Q: q}
	if n.Err = v.Node.CheckSignature(); n.Err == nil {
		n.Err = n.Learn(v.Node)
	}
	return v
}

// readQuantStub quantizes floats.
func readQuantStub(n *node) ([]*graph.Value, error) {
	d := tensor.Invalid
	switch code := n.whole("dtype"); code {
	case 12:
		d = tensor.QInt8
	case 13:
		d = tensor.QUInt8
	default:
		n.Refuse("codes of TorchScript's type %d; quint8 and qint8 are read", code)
	}
	x, q := n.tensor("self"), n.params(d)
	if n.Err == nil && x.Type.DType != tensor.Float32 {
		n.Refuse("its operand is %v; float32 is read", x.Type)
	}
	if n.Err != nil {
		return nil, n.Err
	}
	v := n.Graph.AddNode(n.name, op.Quantize{}, x)
	v.Type = graph.Type{DType: d, Q: q}
	if err := v.Node.CheckSignature(); err != nil {
		return nil, err
	}
	return v.Node.Outputs, n.Learn(v.Node)
}

func readDequantStub(n *node) ([]*graph.Value, error) {
	x := n.tensor("self")
	if n.Err == nil && !x.Type.DType.IsQuantized() {
		return []*graph.Value{x}, nil
	}
	return n.Result(op.Dequantize{}, x)
}
