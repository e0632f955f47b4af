package rewrite

import (
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// block is how exporters write a layer with constants around it and a function behind.
func block(w *writer, x *graph.Value, layer string) *graph.Value {
	constant := func(lo, hi float32) *graph.Value {
		shapes := [][]int{{}, {1}, {1, 1, 1}, {8, 1, 1}, {1, 8, 1, 1}}
		return w.param(w.name("constant"), lo, hi, shapes[w.rng.IntN(len(shapes))]...)
	}
	one := func(lo, hi float32) *graph.Value { return w.param(w.name("constant"), lo, hi) }
	in := []*graph.Value{x}
	switch name := w.name(layer); layer {
	case "conv2d", "padded":
		in = append(in, w.param(name+".weight", -0.4, 0.4, 8, 4, 3, 3))
	case "conv_transpose2d":
		in = append(in, w.param(name+".weight", -0.4, 0.4, 8, 4, 3, 3))
	}
	if w.rng.IntN(2) == 0 {
		in = append(in, w.param(w.name("bias"), -1, 1, 8))
	}
	var o graph.Op = op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 2}
	switch layer {
	case "padded":
		o = op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}, Groups: 2}
	case "conv_transpose2d":
		o = op.ConvTranspose2D{Stride: [2]int{2, 1}, Dilation: [2]int{1, 1}, Groups: 2}
	}
	y := w.node(o, in...)
	y = w.either(op.Add{}, w.either(op.Mul{}, y, constant(0.5, 1.5)), constant(-1, 1))
	y = w.node(op.Hardswish{}, y)
	return w.either(op.Add{}, w.either(op.Mul{}, y, one(0.5, 1.5)), one(-1, 1))
}

func images(rng *rand.Rand) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 2, 8, 9, 7)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(rng.NormFloat64())
	}
	return x
}

// Constants around a layer become part of it, those that cannot one function with what is in
// front of them, and the results stay.
func TestConstantsBecomePartOfLayers(t *testing.T) {
	rng := testseed.Rand(t)
	for _, c := range [][2]string{
		{"conv2d", "conv2d hardswish conv2d composed"},                              // all is folded
		{"padded", "conv2d composed conv2d composed"},                               // a border would see the summand
		{"conv_transpose2d", "conv_transpose2d composed conv_transpose2d composed"}, // likewise
	} {
		layer, want := c[0], c[1]
		for range 20 {
			w := &writer{maker: maker{g: graph.New("exported"), rng: rng}}
			x := w.g.AddInput("x", graph.Float32)
			last := block(w, block(w, x, layer), layer)
			w.g.Outputs = []*graph.Value{last}
			got, err := Recompose(w.g)
			if err != nil {
				t.Fatal(err)
			}
			if kindsOf(got) != want || got.Outputs[0].Name != last.Name {
				t.Fatalf("%s became %s as %s; want %s as %s", kindsOf(w.g), kindsOf(got), got.Outputs[0].Name, want, last.Name)
			}
			in := images(rng)
			sameNumbers(t, kindsOf(w.g), run(t, w.g, in)[0], run(t, got, in)[0])
		}
	}
}

// What somebody else reads, weights that two layers share, and layers of quantized files keep
// their constants.
func TestConstantsStay(t *testing.T) {
	rng := testseed.Rand(t)
	for _, c := range []struct {
		name  string
		write func(w *writer, x *graph.Value) []*graph.Value
		want  string
	}{
		{"read", func(w *writer, x *graph.Value) []*graph.Value {
			y := w.conv(x, 8, true)
			return []*graph.Value{w.node(op.Add{}, y, w.param("c", 1, 2)), y}
		}, "conv2d scale_shift"},
		{"shared", func(w *writer, x *graph.Value) []*graph.Value {
			y := w.conv(x, 8, true)
			again := w.node(y.Node.Op, append([]*graph.Value{x}, y.Node.Inputs[1:]...)...)
			return []*graph.Value{w.node(op.Mul{}, y, w.param("c", 1, 2)), again}
		}, "conv2d conv2d scale_shift"},
		{"by place", func(w *writer, x *graph.Value) []*graph.Value {
			return []*graph.Value{w.node(op.Mul{}, w.conv(x, 8, true), w.param("c", 1, 2, 9, 1))}
		}, "conv2d mul"},
		{"growing", func(w *writer, x *graph.Value) []*graph.Value {
			return []*graph.Value{w.node(op.Mul{}, w.conv(x, 8, true), w.param("c", 1, 2, 1, 1, 1, 1, 1))}
		}, "conv2d mul"},
		{"quantized", func(w *writer, x *graph.Value) []*graph.Value {
			w.g.Numerics = quant.ONNX
			return []*graph.Value{w.node(op.Mul{}, w.conv(x, 8, true), w.param("c", 1, 2))}
		}, "conv2d scale_shift"},
	} {
		w := &writer{maker: maker{g: graph.New("exported"), rng: rng}}
		w.g.Outputs = c.write(w, w.g.AddInput("x", graph.Float32))
		got, err := Recompose(w.g)
		if err != nil {
			t.Fatal(err)
		}
		if kindsOf(got) != c.want {
			t.Errorf("%s: %s became %s; want %s", c.name, kindsOf(w.g), kindsOf(got), c.want)
		}
	}
}

// The batch norm behind a transposed convolution is folded as PyTorch's fuse_conv_bn_weights
// does: the function stays.
func TestFoldBatchNormIntoTransposed(t *testing.T) {
	rng := testseed.Rand(t)
	for range 20 {
		w := &writer{maker: maker{g: graph.New("exported"), rng: rng}}
		o := op.ConvTranspose2D{Stride: [2]int{2, 1}, Dilation: [2]int{1, 1}, Groups: 1 << rng.IntN(3)}
		in := []*graph.Value{w.g.AddInput("x", graph.Float32), w.param("weight", -0.4, 0.4, 8, 8/o.Groups, 3, 2)}
		if rng.IntN(2) == 0 {
			in = append(in, w.param("bias", -1, 1, 8))
		}
		w.g.Outputs = []*graph.Value{w.norm(w.node(o, in...), 8)}
		got, groups, err := Fuse(w.g)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Nodes) != 1 || len(groups) != 1 {
			t.Fatalf("became %s", kindsOf(got))
		}
		x := images(rng)
		sameNumbers(t, kindsOf(w.g), run(t, w.g, x)[0], run(t, got, x)[0])
	}
}

// Layers whose parameters do not fit together, or are computed, are left for inference to refuse:
// no pass panics.
func TestLayersThatDoNotFit(t *testing.T) {
	rng := testseed.Rand(t)
	for range 200 {
		w := &writer{maker: maker{g: graph.New("exported"), rng: rng}}
		x := w.g.AddInput("x", graph.Float32)
		groups := rng.IntN(4) - 1
		shape := []int{1 + rng.IntN(5), 1 + rng.IntN(5), 1 + rng.IntN(3), 2}
		var o graph.Op = op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: groups}
		switch rng.IntN(3) {
		case 0:
			o = op.ConvTranspose2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: groups}
		case 1:
			o, shape = op.Linear{}, shape[:2]
		}
		weight := w.param("weight", -1, 1, shape...)
		if rng.IntN(4) == 0 {
			weight = w.node(op.Hardswish{}, weight)
		}
		in := []*graph.Value{w.node(op.ScaleShift{Scale: 2, Shift: 1}, x), weight}
		if rng.IntN(2) == 0 {
			in = append(in, w.param("bias", -1, 1, 1+rng.IntN(5)))
		}
		y := w.node(o, in...)
		for range rng.IntN(3) {
			y = w.either(op.Mul{}, y, w.param(w.name("constant"), 1, 2, 1+rng.IntN(5), 1, 1))
		}
		w.g.Outputs = []*graph.Value{w.norm(y, 1+rng.IntN(5))}
		g, err := Recompose(w.g)
		if err != nil {
			t.Fatal(err)
		}
		if g, _, err = Fuse(g); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Equalize(g); err != nil {
			t.Fatal(err)
		}
	}
}
