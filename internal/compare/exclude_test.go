package compare

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func once(x *tensor.Tensor) func(func(*tensor.Tensor, error) bool) {
	return func(yield func(*tensor.Tensor, error) bool) { yield(x, nil) }
}

// Of a node with several results all become float with what they are parts of, and codes
// where layers read them.
func TestExcludingInFrontOfASplit(t *testing.T) {
	r := testseed.Rand(t)
	normal := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.NormFloat64())
		}
		return x
	}
	layer := op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	float := graph.New("parts")
	a := float.AddNode("a", layer, float.AddInput("x", graph.Float32), float.AddConst("wa", normal(8, 3, 1, 1)))
	first := float.AddNode("split", op.Split{Axis: 1, Sizes: []int{3, 5}}, a)
	second := first.Node.Outputs[1]
	b := float.AddNode("b", layer, first, float.AddConst("wb", normal(4, 3, 1, 1)))
	c := float.AddNode("c", layer, second, float.AddConst("wc", normal(4, 5, 1, 1)))
	float.Outputs = []*graph.Value{b, c}
	x := normal(2, 3, 6, 6)
	qconfig, err := quant.ParseQConfig("octet", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(float, qconfig, ptq.Options{Rules: true})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := ptq.Calibrate(t.Context(), p, once(x), ptq.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := ptq.Convert(p, stats, quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	for _, excluded := range []string{"a", "b", "split"} {
		g, err := Excluding(float, int8, func(name string) bool { return name == excluded })
		if err != nil {
			t.Errorf("%s: %v", excluded, err)
			continue
		}
		if p, err = ptq.Prepare(float, qconfig, ptq.Options{Rules: true, Exclude: []string{excluded}}); err != nil {
			t.Fatal(err)
		}
		if stats, err = ptq.Calibrate(t.Context(), p, once(x), ptq.CalibrateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ptq.Convert(p, stats, quant.FBGEMM); err != nil {
			t.Errorf("%s, calibrated again: %v", excluded, err)
		}
		for _, name := range []string{"a", "b", "c"} {
			n, _ := g.Node(name)
			if got := n.Inputs[0].Type.DType.IsQuantized(); got != (name != excluded) {
				t.Errorf("with %s in float, %s reads codes: %v", excluded, name, got)
			}
		}
		s, err := session(g, Options{Threads: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(t.Context(), x); err != nil {
			t.Errorf("%s: %v", excluded, err)
		}
	}
}
