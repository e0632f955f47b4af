package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// write is the table of octet's operators.
func (e *emission) write() error {
	switch o := e.node.Op.(type) {
	case op.Conv2D:
		return e.conv(o)
	case op.ConvTranspose2D:
		return e.convTranspose(o)
	case op.Linear:
		return e.linear()
	case op.MatMul:
		return e.result("MatMul", e.in)
	case op.BatchNorm:
		return e.batchNorm(o)
	case op.LayerNorm:
		return e.layerNorm(o)
	case op.MaxPool2D:
		return e.result("MaxPool", e.in, append(sliding(o.Sliding()), intsAttr("dilations", o.Dilation[:]...), boolAttr("ceil_mode", o.CeilMode))...)
	case op.AvgPool2D:
		return e.result("AveragePool", e.in, e.averaging(o)...)
	case op.AdaptiveAvgPool2D:
		return e.adaptivePool(o)
	case op.Mean:
		return e.mean(o)
	case op.Add:
		return e.result("Add", e.in)
	case op.Sub:
		return e.result("Sub", e.in)
	case op.Mul:
		return e.result("Mul", e.in)
	case op.Div:
		return e.result("Div", e.in)
	case op.Affine:
		return e.affine(o)
	case op.ScaleShift:
		return e.scaleShift(o)
	case op.Composed:
		return e.composed(o)
	case op.Clamp:
		return e.clamp(o.Act, e.in[0])
	case op.Sigmoid:
		return e.result("Sigmoid", e.in)
	case op.Tanh:
		return e.result("Tanh", e.in)
	case op.SiLU:
		return e.result("Mul", []string{e.in[0], e.step("Sigmoid", e.in)})
	case op.Hardsigmoid:
		return e.result("HardSigmoid", e.in, hardsigmoid()...)
	case op.Hardswish:
		if e.export.Opset >= 14 {
			return e.result("HardSwish", e.in)
		}
		return e.result("Mul", []string{e.in[0], e.step("HardSigmoid", e.in, hardsigmoid()...)})
	case op.ELU:
		return e.result("Elu", e.in, floatAttr("alpha", o.Alpha))
	case op.LeakyReLU:
		return e.result("LeakyRelu", e.in, floatAttr("alpha", o.Slope))
	case op.GELU:
		return e.gelu(o)
	case op.Softmax:
		return e.softmax("Softmax", o.Axis)
	case op.LogSoftmax:
		return e.softmax("LogSoftmax", o.Axis)
	case op.Resize:
		return e.resize(o)
	case op.Interpolate:
		return e.interpolate(o)
	}
	return e.writeMover()
}

// hardsigmoid are the attributes of PyTorch's.
func hardsigmoid() []*onnxpb.AttributeProto {
	return []*onnxpb.AttributeProto{floatAttr("alpha", 1.0/6), floatAttr("beta", 0.5)}
}

// sliding are the attributes of windows but for their dilation.
func sliding(s op.Sliding) []*onnxpb.AttributeProto {
	attrs := []*onnxpb.AttributeProto{intsAttr("kernel_shape", s.Kernel[:]...), intsAttr("strides", s.Stride[:]...)}
	return append(attrs, imagePadding(s.Auto, s.Padding, s.Uneven))
}

// imagePadding is padding in front of height and width, and so many more behind them.
func imagePadding(auto op.AutoPad, before, more [2]int) *onnxpb.AttributeProto {
	return padding(auto, before[:], []int{before[0] + more[0], before[1] + more[1]})
}

// padding is the attribute that says how much there is, or that the size of the input does.
func padding(auto op.AutoPad, before, after []int) *onnxpb.AttributeProto {
	switch auto {
	case op.SameUpper:
		return textAttr("auto_pad", "SAME_UPPER")
	case op.SameLower:
		return textAttr("auto_pad", "SAME_LOWER")
	}
	return intsAttr("pads", slices.Concat(before, after)...)
}

// kernel is the height and width of the node's weight.
func (e *emission) kernel() ([2]int, error) {
	shape, err := e.weightShape(1, 4, 4)
	if err != nil {
		return [2]int{}, err
	}
	return [2]int{shape[2], shape[3]}, nil
}

// weightShape is the shape of the weight that is operand i, which has so many axes.
func (e *emission) weightShape(i, fewest, most int) (tensor.Shape, error) {
	v := e.node.Inputs[i]
	shape := v.Type.Shape
	if v.Data != nil {
		shape = v.Data.Shape()
	} else if f, ok := e.facts[v]; ok {
		shape = f.Shape
	}
	if len(shape) < fewest || len(shape) > most {
		return nil, fmt.Errorf("the extents of its weight %q are not known", v.Name)
	}
	return shape, nil
}

func (e *emission) conv(o op.Conv2D) error {
	attrs, err := e.convolution(o)
	if err != nil {
		return err
	}
	return e.result("Conv", e.in, attrs...)
}

// convolution are the attributes of one.
func (e *emission) convolution(o op.Conv2D) ([]*onnxpb.AttributeProto, error) {
	kernel, err := e.kernel()
	if err != nil {
		return nil, err
	}
	return append(sliding(o.Sliding(kernel)), intsAttr("dilations", o.Dilation[:]...), intAttr("group", o.Groups)), nil
}

func (e *emission) convTranspose(o op.ConvTranspose2D) error {
	kernel, err := e.kernel()
	if err != nil {
		return err
	}
	attrs := []*onnxpb.AttributeProto{
		intsAttr("kernel_shape", kernel[:]...), intsAttr("strides", o.Stride[:]...), imagePadding(o.Auto, o.Padding, o.Uneven),
		intsAttr("dilations", o.Dilation[:]...), intsAttr("output_padding", o.OutputPadding[:]...), intAttr("group", o.Groups),
	}
	if o.Output != [2]int{} {
		attrs = append(attrs, intsAttr("output_shape", o.Output[:]...))
	}
	return e.result("ConvTranspose", e.in, attrs...)
}

func (e *emission) batchNorm(o op.BatchNorm) error {
	if o.Training {
		return fmt.Errorf("it is in training; ONNX files hold models that are run")
	}
	return e.result("BatchNormalization", e.in, floatAttr("epsilon", float32(o.Eps)))
}

func (e *emission) layerNorm(o op.LayerNorm) error {
	in := e.in
	if len(in) == 1 {
		x := e.node.Inputs[0]
		axis := o.Axis
		if axis < 0 {
			axis += e.rank(x)
		}
		sizes, err := e.fixed(x, max(axis, 0))
		if err != nil {
			return err
		}
		size := 1
		for _, n := range sizes {
			size *= n
		}
		in = append(slices.Clone(in), constant(e.writer, e.node.Name+"/ones", slices.Repeat([]float32{1}, size), sizes...))
	}
	e.addAll("LayerNormalization", in, e.out, intAttr("axis", o.Axis), floatAttr("epsilon", float32(o.Eps)))
	return nil
}

// averaging says what windows at the border are divided by: qnnpack's own rule, which knows
// no ceil mode, counts the padding, whatever the operator says.
func (e *emission) averaging(o op.AvgPool2D) []*onnxpb.AttributeProto {
	d := e.node.Output().Type.DType
	counted := o.CountIncludePad || e.graph.Numerics == quant.QNNPACK && d == tensor.QUInt8 && !o.CeilMode
	if o.CeilMode && o.Padding == [2]int{} && o.Uneven == [2]int{} && !(e.graph.Numerics == quant.ONNX && d.IsQuantized()) {
		counted = false // of codes ONNX Runtime also counts what the last window has beyond the image
	}
	return append(sliding(o.Sliding()), boolAttr("ceil_mode", o.CeilMode), boolAttr("count_include_pad", counted))
}

// adaptivePool writes the pool whose windows depend on the size of the image, which has to
// be fixed unless there is one window: as windows of one size where these divide the image,
// otherwise as products with matrices of averages of rows and of columns.
func (e *emission) adaptivePool(o op.AdaptiveAvgPool2D) error {
	if o.Output == [2]int{1, 1} {
		return e.result("GlobalAveragePool", e.in)
	}
	size, err := e.fixed(e.node.Inputs[0], 2)
	if err != nil {
		return err
	}
	h, w := size[0], size[1]
	if h%o.Output[0] == 0 && w%o.Output[1] == 0 {
		kernel := []int{h / o.Output[0], w / o.Output[1]}
		return e.result("AveragePool", e.in, intsAttr("kernel_shape", kernel...), intsAttr("strides", kernel...))
	}
	rows := constant(e.writer, e.node.Name+"/rows", averages(h, o.Output[0], true), o.Output[0], h)
	columns := constant(e.writer, e.node.Name+"/columns", averages(w, o.Output[1], false), w, o.Output[1])
	return e.result("MatMul", []string{e.step("MatMul", []string{rows, e.in[0]}), columns})
}

// averages is the matrix [out, n], or [n, out] unless byRow, that averages n cells in out
// windows.
func averages(n, out int, byRow bool) []float32 {
	m := make([]float32, n*out)
	for i := range out {
		from, to := i*n/out, ((i+1)*n+out-1)/out
		for k := from; k < to; k++ {
			at := k*out + i
			if byRow {
				at = i*n + k
			}
			m[at] = 1 / float32(to-from)
		}
	}
	return m
}

func (e *emission) affine(o op.Affine) error {
	channels := len(o.Scale)
	scale := constant(e.writer, e.node.Name+"/scale", o.Scale, channels, 1, 1)
	shift := constant(e.writer, e.node.Name+"/shift", o.Shift, channels, 1, 1)
	return e.result("Add", []string{e.step("Mul", []string{e.in[0], scale}), shift})
}

// scaleShift leaves out what changes nothing.
func (e *emission) scaleShift(o op.ScaleShift) error {
	x := e.in[0]
	if o.Shift == 0 {
		return e.result("Mul", []string{x, constant(e.writer, e.node.Name+"/scale", []float32{o.Scale})})
	}
	if o.Scale != 1 {
		x = e.step("Mul", []string{x, constant(e.writer, e.node.Name+"/scale", []float32{o.Scale})})
	}
	return e.result("Add", []string{x, constant(e.writer, e.node.Name+"/shift", []float32{o.Shift})})
}

// composed writes the functions one after another.
func (e *emission) composed(o op.Composed) error {
	x, last := e.in[0], len(o.Functions)-1
	for i, f := range o.Functions {
		step, node := *e, *e.node
		node.Op = f
		step.node, step.in = &node, []string{x}
		if i < last {
			step.out = []string{e.unique(e.node.Name + "/" + f.Kind())}
		}
		if err := step.emit(); err != nil {
			return err
		}
		x = step.out[0]
	}
	return nil
}

func (e *emission) gelu(o op.GELU) error {
	x := e.in[0]
	if e.export.Opset >= 20 {
		form := "none"
		if o.Tanh {
			form = "tanh"
		}
		return e.result("Gelu", e.in, textAttr("approximate", form))
	}
	inner := ""
	if o.Tanh {
		cube := e.step("Mul", []string{x, e.step("Mul", []string{x, x})})
		sum := e.step("Add", []string{x, e.step("Mul", []string{cube, e.number(0.044715)})})
		inner = e.step("Tanh", []string{e.step("Mul", []string{sum, e.number(float32(math.Sqrt(2 / math.Pi)))})})
	} else {
		inner = e.step("Erf", []string{e.step("Div", []string{x, e.number(math.Sqrt2)})})
	}
	half := e.step("Mul", []string{x, e.number(0.5)})
	return e.result("Mul", []string{half, e.step("Add", []string{inner, e.number(1)})})
}

// softmax is along one axis; before operator set 13 it is over all from that one on.
func (e *emission) softmax(kind string, axis int) error {
	if rank := e.rank(e.node.Inputs[0]); e.export.Opset < 13 && axis != -1 && axis != rank-1 {
		return e.since(13, kind+" along another axis than the last")
	}
	return e.result(kind, e.in, intAttr("axis", axis))
}
