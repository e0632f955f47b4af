package engine

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// blockBound is how far a result of the transformer may be from PyTorch's, as a share of
// the largest one.
const blockBound = 1e-5

// goldenBlock is the network of tools/golden/block.py with PyTorch's results.
type goldenBlock struct {
	Width, Heads, Patch int
	Shapes              []tensor.Shape

	tensors []*tensor.Tensor
	next    int
	g       *graph.Graph
}

func openBlock(t *testing.T) *goldenBlock {
	t.Helper()
	text, err := os.ReadFile("testdata/block.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/block.bin")
	if err != nil {
		t.Fatal(err)
	}
	b := &goldenBlock{}
	if err := json.Unmarshal(text, b); err != nil {
		t.Fatal(err)
	}
	for _, s := range b.Shapes {
		x, err := tensor.FromBytes(tensor.Float32, nil, s, data[:4*s.Numel()])
		if err != nil {
			t.Fatal(err)
		}
		b.tensors, data = append(b.tensors, x), data[4*s.Numel():]
	}
	return b
}

// param is the next parameter of the file.
func (b *goldenBlock) param() *graph.Value {
	b.next++
	return b.g.AddConst("param"+string(rune('A'+b.next/26))+string(rune('a'+b.next%26)), b.tensors[b.next-1])
}

func (b *goldenBlock) node(kind string, o graph.Op, in ...*graph.Value) *graph.Value {
	return b.g.AddNode(kind+b.g.Name+string(rune('0'+len(b.g.Nodes)/10))+string(rune('0'+len(b.g.Nodes)%10)), o, in...)
}

func (b *goldenBlock) norm(x *graph.Value) *graph.Value {
	return b.node("norm", op.LayerNorm{Axis: -1, Eps: 1e-6}, x, b.param(), b.param())
}

func (b *goldenBlock) linear(x *graph.Value) *graph.Value {
	return b.node("linear", op.Linear{}, x, b.param(), b.param())
}

func (b *goldenBlock) heads(x *graph.Value, perm ...int) *graph.Value {
	x = b.node("heads", op.Reshape{Shape: []int{0, 0, b.Heads, b.Width / b.Heads}, KeepZero: true}, x)
	return b.node("transpose", op.Transpose{Perm: perm}, x)
}

func (b *goldenBlock) block(x *graph.Value) *graph.Value {
	w := b.Width
	qkv := b.node("split", op.Split{Axis: -1, Sizes: []int{w, w, w}}, b.linear(b.norm(x))).Node.Outputs
	scores := b.node("scores", op.MatMul{}, b.heads(qkv[0], 0, 2, 1, 3), b.heads(qkv[1], 0, 2, 3, 1))
	root := b.g.AddConst(scores.Name+".root", tensor.Of([]float32{float32(math.Sqrt(float64(w / b.Heads)))}, 1))
	attention := b.node("softmax", op.Softmax{Axis: -1}, b.node("div", op.Div{}, scores, root))
	h := b.node("context", op.MatMul{}, attention, b.heads(qkv[2], 0, 2, 1, 3))
	h = b.node("join", op.Reshape{Shape: []int{0, 0, w}, KeepZero: true}, b.node("transpose", op.Transpose{Perm: []int{0, 2, 1, 3}}, h))
	x = b.node("add", op.Add{}, b.linear(h), x)
	return b.node("add", op.Add{}, x, b.linear(b.node("gelu", op.GELU{}, b.linear(b.norm(x)))))
}

// build makes the network for images [N, C, H, W] or [N, H, W, C].
func (b *goldenBlock) build(channelsLast bool) *graph.Graph {
	b.g, b.next = graph.New("block"), 0
	x := b.g.AddInput("x", graph.Float32)
	if channelsLast {
		x = b.node("nchw", op.Transpose{Perm: []int{0, 3, 1, 2}}, x)
	}
	c := op.Conv2D{Stride: [2]int{b.Patch, b.Patch}, Dilation: [2]int{1, 1}, Groups: 1}
	image := b.node("patches", c, x, b.param(), b.param())
	h := b.node("tokens", op.Transpose{Perm: []int{0, 2, 1}}, b.node("flatten", op.Flatten{Start: 2, End: -1}, image))
	h = b.block(b.block(b.node("positions", op.Add{}, h, b.param())))
	size := b.node("shape", op.Shape{}, image)
	image = b.node("image", op.Reshape{}, b.node("transpose", op.Transpose{Perm: []int{0, 2, 1}}, h), size)
	mean := b.node("mean", op.Mean{Axes: []int{2, 3}}, image)
	b.g.Outputs = []*graph.Value{h, mean}
	return b.g
}

// A transformer gives PyTorch's numbers from images in either order, every node has a
// kernel, and what only renames axes and shapes costs no step.
func TestTransformerBlock(t *testing.T) {
	b := openBlock(t)
	n := len(b.tensors)
	x, want := b.tensors[n-3], b.tensors[n-2:]
	last := tensor.New(tensor.Float32, x.Dim(0), x.Dim(2), x.Dim(3), x.Dim(1))
	w := newWalk(x.Shape(), nil, channelsLast(4), 4)
	w.all(last.Memory(), x.Memory())
	for _, c := range []struct {
		name         string
		channelsLast bool
		input        *tensor.Tensor
	}{{"images [N, C, H, W]", false, x}, {"images [N, H, W, C]", true, last}} {
		t.Run(c.name, func(t *testing.T) {
			g := b.build(c.channelsLast)
			for _, level := range Levels() {
				s := session(t, g, Options{Threads: 2, CPU: level})
				got, err := s.Run(context.Background(), c.input)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if e := relativeError(got[i].Float32s(), want[i].Float32s()); !(e <= blockBound) {
						t.Errorf("%s: output %d is off by %.1e of the largest number", level, i, e)
					}
				}
				if n := testing.AllocsPerRun(10, func() {
					if err := s.RunInto(context.Background(), got, c.input); err != nil {
						t.Fatal(err)
					}
				}); n > 0 {
					t.Errorf("%s: %v allocations per run", level, n)
				}
				plan, err := s.Program().Plan(c.input.Shape())
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range plan {
					switch n.Node.Op.(type) {
					case op.Transpose, op.Reshape, op.Flatten, op.Shape:
						if n.Kernel != "identity" || len(n.Reorders) > 0 {
							t.Errorf("%s is computed by %s %v", n.Node.Name, n.Kernel, n.Reorders)
						}
					default:
						if n.Kernel == "operator" || len(n.Reorders) > 0 {
							t.Errorf("%s is computed by %s %v: %s", n.Node.Name, n.Kernel, n.Reorders, n.Reason)
						}
					}
				}
			}
		})
	}
}

func relativeError(got, want []float32) float64 {
	worst, size := 0.0, 0.0
	for i, v := range want {
		worst, size = max(worst, math.Abs(float64(got[i]-v))), max(size, math.Abs(float64(v)))
	}
	return worst / size
}
