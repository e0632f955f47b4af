package ptq_test

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// TestPairsAreThoseOfONNXRuntime: of convolutions with two weights of 127, on activations of
// 255, ONNX Runtime 1.32.0 on a CPU with AVX2 alone gives half the sum where these are
// neighbours (adjacent channels of a tap, or the last channel of one and the first of the next)
// and both are in one pair; otherwise, and in its exact mode, the sum.
func TestPairsAreThoseOfONNXRuntime(t *testing.T) {
	for _, c := range []struct {
		name           string
		inputs, groups int
		at             [2]int // places of the weights in a row [inputs/groups, 3, 3]
		saturates      bool
	}{
		{"adjacent channels", 16, 1, [2]int{0, 9}, true},
		{"adjacent taps", 16, 1, [2]int{0, 1}, false},
		{"channels of two pairs", 16, 1, [2]int{9, 18}, false},
		{"last channel and next tap", 3, 1, [2]int{18, 1}, true},
		{"first channels of an odd tap", 3, 1, [2]int{1, 10}, false},
		{"groups", 16, 8, [2]int{0, 9}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			shape := tensor.Shape{16, c.inputs / c.groups, 3, 3}
			row := shape[1:].Numel()
			weight := make([]int8, shape.Numel())
			for o := range 16 {
				weight[o*row+c.at[0]], weight[o*row+c.at[1]] = 127, 127
			}
			data, err := tensor.FromBytes(tensor.QInt8, tensor.Affine(1, 0), shape, tensor.Of(weight, shape...).Bytes())
			if err != nil {
				t.Fatal(err)
			}
			g := graph.New("net")
			g.Numerics = quant.ONNX
			codes := graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 0)}
			x := g.AddInput("x", codes)
			y := g.AddNode("y", op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: c.groups}, x, g.AddConst("weight", data))
			y.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(2000, 0)}
			g.Outputs = []*graph.Value{y}

			watch, err := ptq.WatchPairs(g)
			if err != nil || len(watch.Layers) != 1 {
				t.Fatalf("%d layers, %v", len(watch.Layers), err)
			}
			watch.See(watch.Readers(g)[x], tensor.OfQuantized(slices.Repeat([]uint8{255}, c.inputs*64), codes.Q, 1, c.inputs, 8, 8))
			layer := watch.Layers[0]
			if !c.saturates {
				if layer.Channels != 0 || layer.Worst != 127*255 || layer.Observed != nil {
					t.Errorf("%+v", layer)
				}
				return
			}
			if layer.Channels != 16 || layer.Of != 16 || layer.Worst != 2*127*255 {
				t.Errorf("%+v", layer)
			}
			if s := layer.Observed; s == nil || *s != (ptq.ObservedPairs{Results: 16 * 36, Saturated: 16 * 36, Largest: 2 * 127 * 255}) {
				t.Errorf("observed %+v", s)
			}
		})
	}
}

// TestPairsOfSomeGroups: groups without channels that may saturate only count results, and
// every channel sees the activations of its own group.
func TestPairsOfSomeGroups(t *testing.T) {
	const groups, perGroup, inputs = 5, 2, 10
	weight := make([]int8, groups*perGroup*2) // [10, 2, 1, 1]
	for _, o := range []int{2, 3, 7} {        // in the groups 1 and 3
		weight[2*o], weight[2*o+1] = 127, 127
	}
	data := tensor.OfQuantized(weight, tensor.Affine(1, 0), groups*perGroup, 2, 1, 1)
	g := graph.New("net")
	g.Numerics = quant.ONNX
	codes := graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 0)}
	x := g.AddInput("x", codes)
	y := g.AddNode("y", op.Conv2D{Stride: [2]int{2, 1}, Dilation: [2]int{1, 1}, Groups: groups}, x, g.AddConst("weight", data))
	y.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(2000, 0)}
	g.Outputs = []*graph.Value{y}
	watch, err := ptq.WatchPairs(g)
	if err != nil || len(watch.Layers) != 1 || watch.Layers[0].Channels != 3 {
		t.Fatalf("%+v, %v", watch, err)
	}
	image := make([]uint8, 2*inputs*3*4)
	for i := range image {
		if channel := i / 12 % inputs; channel/2 == 3 { // group 3 alone
			image[i] = 200
		}
	}
	watch.See(watch.Readers(g)[x], tensor.OfQuantized(image, codes.Q, 2, inputs, 3, 4))
	// Two images of 2 by 4 windows: the rows 0 and 2.
	if s := watch.Layers[0].Observed; s == nil || *s != (ptq.ObservedPairs{Results: 2 * 10 * 8, Saturated: 2 * 8, Largest: 2 * 127 * 200}) {
		t.Errorf("observed %+v", s)
	}
}
