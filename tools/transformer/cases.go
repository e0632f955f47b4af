package main

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// builder makes the graph of one case, and its inputs. bench/transformer.py has a twin,
// which names parameters and inputs alike: the names are the seeds of their numbers.
type builder struct {
	g      *graph.Graph
	inputs []*tensor.Tensor
}

// uniform is numbers in [-scale, scale) that follow from a name.
func uniform(name string, scale float32, shape ...int) *tensor.Tensor {
	x := hashweights.Uniform(name, tensor.Shape(shape).Numel(), 1)
	for i := range x {
		x[i] *= scale
	}
	return tensor.Of(x, shape...)
}

func (b *builder) input(name string, shape ...int) *graph.Value {
	b.inputs = append(b.inputs, uniform(name, 1, shape...))
	return b.g.AddInput(name, graph.Float32)
}

// param scales by a power of two, which is exact on both sides.
func (b *builder) param(name string, scale float32, shape ...int) *graph.Value {
	return b.g.AddConst(name, uniform(name, scale, shape...))
}

func (b *builder) node(name string, o graph.Op, in ...*graph.Value) *graph.Value {
	return b.g.AddNode(name, o, in...)
}

// build returns the graph of a case.
func build(name string) (*builder, error) {
	b := &builder{g: graph.New(name)}
	var y *graph.Value
	var m, k, n int
	switch _, err := fmt.Sscanf(name, "matmul_%dx%dx%d", &m, &k, &n); {
	case err == nil:
		y = b.node("y", op.MatMul{}, b.input("x", m, k), b.param("w", 1./32, k, n))
	case name == "vit_b16_block":
		y = b.block(b.input("x", 1, 197, 768), 768, 12)
	case name == "bert_block":
		y = b.block(b.input("x", 1, 128, 768), 768, 12)
	case name == "scores":
		q, key := b.input("q", 1, 12, 128, 64), b.input("k", 1, 12, 128, 64)
		y = b.node("y", op.MatMul{}, q, b.node("kt", op.Transpose{Perm: []int{0, 1, 3, 2}}, key))
	case name == "context":
		y = b.node("y", op.MatMul{}, b.input("p", 1, 12, 128, 128), b.input("v", 1, 12, 128, 64))
	case name == "attention":
		y = b.attention(b.input("q", 1, 12, 197, 64), b.input("k", 1, 12, 197, 64), b.input("v", 1, 12, 197, 64))
	default:
		o, ok := functions[name]
		if !ok {
			return nil, fmt.Errorf("no case %q", name)
		}
		x := b.input("x", 1, 197, 3072)
		if name == "layer_norm" {
			y = b.node("y", o, x, b.param("norm.weight", 1, 3072), b.param("norm.bias", 1, 3072))
		} else {
			y = b.node("y", o, x)
		}
	}
	b.g.Outputs = []*graph.Value{y}
	return b, nil
}

// functions are cases of one operator on [1, 197, 3072].
var functions = map[string]graph.Op{
	"gelu": op.GELU{}, "gelu_tanh": op.GELU{Tanh: true}, "sigmoid": op.Sigmoid{}, "tanh": op.Tanh{},
	"softmax": op.Softmax{Axis: -1}, "layer_norm": op.LayerNorm{Axis: -1, Eps: 1e-6},
}

func (b *builder) linear(name string, x *graph.Value, in, out int) *graph.Value {
	return b.node(name, op.Linear{}, x, b.param(name+".weight", 1./16, out, in), b.param(name+".bias", 1./8, out))
}

func (b *builder) norm(name string, x *graph.Value, width int) *graph.Value {
	return b.node(name, op.LayerNorm{Axis: -1, Eps: 1e-6}, x, b.param(name+".weight", 1, width), b.param(name+".bias", 1./8, width))
}

// attention is that of heads [1, heads, tokens, 64].
func (b *builder) attention(q, k, v *graph.Value) *graph.Value {
	scores := b.node("scores", op.MatMul{}, q, b.node("kt", op.Transpose{Perm: []int{0, 1, 3, 2}}, k))
	scaled := b.node("scaled", op.Mul{}, scores, b.g.AddConst("scale", tensor.Of([]float32{1. / 8}, 1)))
	return b.node("context", op.MatMul{}, b.node("softmax", op.Softmax{Axis: -1}, scaled), v)
}

// block is an encoder block with the norms in front.
func (b *builder) block(x *graph.Value, width, heads int) *graph.Value {
	qkv := b.node("split", op.Split{Axis: -1, Sizes: []int{width, width, width}}, b.linear("qkv", b.norm("norm1", x, width), width, 3*width)).Node.Outputs
	var head [3]*graph.Value
	for i, name := range []string{"q", "k", "v"} {
		h := b.node(name+".heads", op.Reshape{Shape: []int{0, 0, heads, width / heads}, KeepZero: true}, qkv[i])
		head[i] = b.node(name, op.Transpose{Perm: []int{0, 2, 1, 3}}, h)
	}
	h := b.node("joined", op.Transpose{Perm: []int{0, 2, 1, 3}}, b.attention(head[0], head[1], head[2]))
	h = b.node("rows", op.Reshape{Shape: []int{0, 0, width}, KeepZero: true}, h)
	x = b.node("add1", op.Add{}, x, b.linear("proj", h, width, width))
	h = b.node("gelu", op.GELU{}, b.linear("fc1", b.norm("norm2", x, width), width, 4*width))
	return b.node("add2", op.Add{}, x, b.linear("fc2", h, 4*width, width))
}
