package compare_test

import (
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
	if was > is-3 {
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
