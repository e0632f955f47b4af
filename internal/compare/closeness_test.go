package compare_test

import (
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// A bias that was corrected, or is new, is that of the variants, too; and what is worse is
// farther from the float model.
func TestVariantsHaveTheirBiases(t *testing.T) {
	float := small(t)
	last := float.Nodes[0]
	for _, n := range float.Nodes {
		if op.WeightOf(n) != nil {
			last = n
		}
	}
	last.Inputs = last.Inputs[:2]
	float.Prune()
	converted, _ := convert(t, float, "default", quant.FBGEMM, smallInputs(4))
	closeness, err := compare.Closeness(t.Context(), float, [][]*tensor.Tensor{{smallInput(0)}, {smallInput(1)}}, compare.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	is, err := closeness(t.Context(), converted)
	if err != nil {
		t.Fatal(err)
	}
	worse := converted.Clone()
	n, _ := worse.Node(last.Name)
	b := tensor.New(tensor.Float32, op.WeightOf(n).Type.Shape[0])
	for i := range b.Float32s() {
		b.Float32s()[i] = 10
	}
	n.Inputs = append(n.Inputs, worse.AddConst("new bias", b))
	for _, n := range worse.Nodes {
		if n.Name != last.Name && op.WeightOf(n) != nil {
			n.Inputs[2].Data = n.Inputs[2].Data.Clone()
			n.Inputs[2].Data.Float32s()[0]++
		}
	}
	was, err := closeness(t.Context(), worse)
	if err != nil {
		t.Fatal(err)
	}
	if len(was) != 1 || len(is) != 1 || was[0] > is[0]-3 {
		t.Errorf("%.1f dB with wrong biases, %.1f without", was, is)
	}
	variant, err := compare.Excluding(float, worse, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range worse.Nodes {
		w := op.WeightOf(n)
		if w == nil {
			continue
		}
		v, ok := variant.Node(n.Name)
		if !ok || len(v.Inputs) != 3 || v.Inputs[2].Data != n.Inputs[2].Data {
			t.Errorf("%s of the variant has another bias", n.Name)
		}
	}
	if f, _ := float.Node(last.Name); len(f.Inputs) != 2 {
		t.Error("the float graph has changed")
	}
}

// Closeness is measured in front of a softmax and behind it: what moves all scores alike is seen
// in front alone.
func TestClosenessInFrontOfSoftmax(t *testing.T) {
	float := small(t)
	float.Outputs[0] = float.AddNode("scores", op.Softmax{Axis: -1}, float.Outputs[0])
	converted, _ := convert(t, float, "default", quant.FBGEMM, smallInputs(4))
	closeness, err := compare.Closeness(t.Context(), float, [][]*tensor.Tensor{{smallInput(0)}, {smallInput(1)}}, compare.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	is, err := closeness(t.Context(), converted)
	if err != nil || len(is) != 2 {
		t.Fatalf("%v, %v", is, err)
	}
	moved := converted.Clone()
	for _, n := range slices.Backward(moved.Nodes) {
		if op.WeightOf(n) == nil {
			continue
		}
		b := n.Inputs[2].Data.Clone()
		for i := range b.Float32s() {
			b.Float32s()[i] += float32(2 * n.Output().Type.Q.Scale())
		}
		n.Inputs[2].Data = b
		break
	}
	was, err := closeness(t.Context(), moved)
	if err != nil {
		t.Fatal(err)
	}
	if front, behind := is[0]-was[0], math.Abs(is[1]-was[1]); front < 3 || behind > front/2 {
		t.Errorf("%.1f dB in front and behind, %.1f where all scores are two codes higher", is, was)
	}
}
