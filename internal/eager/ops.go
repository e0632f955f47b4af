package eager

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Conv2D convolves x [N, C, H, W] with w [O, C/Groups, kh, kw] and bias b [O] in
// float32, which may be nil. In p a stride, a dilation and a number of groups of
// 0 mean 1. x is float32, or quint8 with a qint8 w: the result is then
// quantized by out, or float32 with out nil.
func Conv2D(x, w, b *tensor.Tensor, p op.Conv2D, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	for i := range 2 {
		if p.Stride[i] == 0 {
			p.Stride[i] = 1
		}
		if p.Dilation[i] == 0 {
			p.Dilation[i] = 1
		}
	}
	if p.Groups == 0 {
		p.Groups = 1
	}
	return weighted(p, x, w, b, out, opts)
}

// Linear multiplies x [..., K] by w [O, K] and adds bias b [O] in float32, which
// may be nil. Types are those of Conv2D.
func Linear(x, w, b *tensor.Tensor, p op.Linear, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return weighted(p, x, w, b, out, opts)
}

func weighted(o graph.Op, x, w, b *tensor.Tensor, out *tensor.QParams, opts []Option) (*tensor.Tensor, error) {
	t := graph.Float32
	if out != nil {
		var err error
		if t, err = resultOf(o, x, out); err != nil {
			return nil, err
		}
	}
	return apply(o, t, []*tensor.Tensor{x, w, b}, 1, opts)
}

// Add adds tensors of equal shape.
func Add(a, b *tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return several(op.Add{}, []*tensor.Tensor{a, b}, out, opts)
}

// AddReLU is max(a+b, 0), rounded once.
func AddReLU(a, b *tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return several(op.Add{Act: quant.ReLU}, []*tensor.Tensor{a, b}, out, opts)
}

// Mul multiplies element by element: tensors of equal shape, or [N, C, 1, 1]
// with images [N, C, H, W].
func Mul(a, b *tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return several(op.Mul{}, []*tensor.Tensor{a, b}, out, opts)
}

// Map applies a function of one number to each element: op.SiLU{}, op.Hardswish{} and
// all others. The result is quantized by out, or, with out nil, by what the function
// prescribes: the parameters of x, or fixed ones.
func Map(o op.Unary, x *tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	if out == nil && x != nil {
		n := &graph.Node{Name: "result", Op: o, Inputs: []*graph.Value{{Type: graph.Type{DType: x.DType(), Q: x.QParams()}}}}
		if t, ok := n.Prescribed(); ok {
			return apply(o, t, []*tensor.Tensor{x}, 1, opts)
		}
	}
	return several(o, []*tensor.Tensor{x}, out, opts)
}

// MatMul multiplies matrices [..., M, K] and [..., K, N].
func MatMul(a, b *tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return several(op.MatMul{}, []*tensor.Tensor{a, b}, out, opts)
}

// Cat joins tensors along axis, which counts from the end when negative.
func Cat(axis int, tensors []*tensor.Tensor, out *tensor.QParams, opts ...Option) (*tensor.Tensor, error) {
	return several(op.Cat{Axis: axis}, tensors, out, opts)
}

func several(o graph.Op, operands []*tensor.Tensor, out *tensor.QParams, opts []Option) (*tensor.Tensor, error) {
	if len(operands) == 0 {
		return nil, fmt.Errorf("%s: takes at least one tensor", o.Kind())
	}
	t, err := resultOf(o, operands[0], out)
	if err != nil {
		return nil, err
	}
	return apply(o, t, operands, len(operands), opts)
}

// ReLU is max(x, 0); codes keep their parameters.
func ReLU(x *tensor.Tensor, opts ...Option) (*tensor.Tensor, error) {
	return keeping(op.Clamp{Act: quant.ReLU}, x, opts)
}

// ReLU6 is min(max(x, 0), 6); codes keep their parameters.
func ReLU6(x *tensor.Tensor, opts ...Option) (*tensor.Tensor, error) {
	return keeping(op.Clamp{Act: quant.ReLU6}, x, opts)
}

// MaxPool2D pools x [N, C, H, W]. In p a stride of 0 means the kernel's size, a
// dilation of 0 means 1.
func MaxPool2D(x *tensor.Tensor, p op.MaxPool2D, opts ...Option) (*tensor.Tensor, error) {
	for i := range 2 {
		if p.Stride[i] == 0 {
			p.Stride[i] = p.Kernel[i]
		}
		if p.Dilation[i] == 0 {
			p.Dilation[i] = 1
		}
	}
	return keeping(p, x, opts)
}

// AvgPool2D pools x [N, C, H, W]. In p a stride of 0 means the kernel's size.
// PyTorch's default for CountIncludePad is true.
func AvgPool2D(x *tensor.Tensor, p op.AvgPool2D, opts ...Option) (*tensor.Tensor, error) {
	for i := range 2 {
		if p.Stride[i] == 0 {
			p.Stride[i] = p.Kernel[i]
		}
	}
	return keeping(p, x, opts)
}

// AdaptiveAvgPool2D averages x [N, C, H, W] to [N, C, height, width].
func AdaptiveAvgPool2D(x *tensor.Tensor, height, width int, opts ...Option) (*tensor.Tensor, error) {
	return keeping(op.AdaptiveAvgPool2D{Output: [2]int{height, width}}, x, opts)
}

// Flatten joins the axes from start to end, both included and counted from the
// end when negative.
func Flatten(x *tensor.Tensor, start, end int, opts ...Option) (*tensor.Tensor, error) {
	return keeping(op.Flatten{Start: start, End: end}, x, opts)
}

func keeping(o graph.Op, x *tensor.Tensor, opts []Option) (*tensor.Tensor, error) {
	return apply(o, like(x), []*tensor.Tensor{x}, 1, opts)
}
