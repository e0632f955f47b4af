package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// resnet18 is a stack of the shapes of ResNet-18 with random weights.
func resnet18(dtype tensor.DType) *graph.Graph {
	b := randomgraph.New(rand.New(rand.NewPCG(1, 2)), "resnet18", dtype, quant.FBGEMM)
	conv := func(x *graph.Value, in, out, kernel, stride int, act quant.Activation) *graph.Value {
		c := op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: 1, Act: act}
		return b.Node("conv", c, b.Quantum(), b.Weights(x, out, in, kernel, kernel)...)
	}
	x := conv(b.Input(), 3, 64, 7, 2, quant.ReLU)
	x = b.Pool(x, op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	in := 64
	for _, out := range []int{64, 128, 256, 512} {
		for i := range 2 {
			stride := 1
			if i == 0 && out > 64 {
				stride = 2
			}
			y := conv(conv(x, in, out, 3, stride, quant.ReLU), out, out, 3, 1, quant.NoActivation)
			if stride == 2 {
				x = conv(x, in, out, 1, 2, quant.NoActivation)
			}
			x = b.Node("add", op.Add{Act: quant.ReLU}, b.Quantum(), y, x)
			in = out
		}
	}
	x = b.Pool(b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}), op.Flatten{Start: 1, End: -1})
	return b.Finish(b.Node("fc", op.Linear{}, b.Quantum(), b.Weights(x, 1000, 512)...))
}

func BenchmarkResNet18(b *testing.B) {
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.QUInt8} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%v/threads=%d", dtype, threads), func(b *testing.B) {
				p, err := Compile(resnet18(dtype), Options{Threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				s := p.NewSession()
				x := randomgraph.Image(rand.New(rand.NewPCG(3, 4)), 1, 3, 224, 224)
				out, err := s.Run(context.Background(), x)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := s.RunInto(context.Background(), out, x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkTransposed also times the product that another way, a sum of the rows of one
// product, would begin with.
func BenchmarkTransposed(b *testing.B) {
	for _, c := range []struct{ in, out, kernel, padding, size int }{
		{64, 32, 2, 0, 80}, {24, 24, 2, 0, 160}, {256, 128, 2, 0, 28}, {128, 64, 4, 1, 28}, {64, 64, 3, 1, 56},
	} {
		graphs := randomgraph.New(rand.New(rand.NewPCG(1, 2)), "transposed", tensor.Float32, 0)
		o := op.ConvTranspose2D{Stride: [2]int{2, 2}, Padding: [2]int{c.padding, c.padding}, Dilation: [2]int{1, 1}, Groups: 1}
		whole := graphs.Finish(graphs.Transposed(graphs.Input(), o, c.in, c.out, c.kernel, c.kernel))
		graphs = randomgraph.New(rand.New(rand.NewPCG(1, 2)), "product", tensor.Float32, 0)
		product := graphs.Finish(graphs.Conv(graphs.Input(), c.in, c.out*c.kernel*c.kernel, 1, 1, 1))
		for _, g := range []*graph.Graph{whole, product} {
			b.Run(fmt.Sprintf("%s/%dx%d/%d-%d/%dx%d", g.Name, c.kernel, c.kernel, c.in, c.out, c.size, c.size), func(b *testing.B) {
				p, err := Compile(g, Options{Threads: 1})
				if err != nil {
					b.Fatal(err)
				}
				s, x := p.NewSession(), randomgraph.Image(rand.New(rand.NewPCG(3, 4)), 1, c.in, c.size, c.size)
				out, err := s.Run(context.Background(), x)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := s.RunInto(context.Background(), out, x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
