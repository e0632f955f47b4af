package compare_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// endsAt is a context that ends when it is asked for its error for the nth time.
type endsAt struct {
	context.Context
	left int
}

func (c *endsAt) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Wherever Fix is interrupted, it returns the best of the models that it has measured by then,
// and its steps are some of those of a search that nothing ends.
func TestFixInterrupted(t *testing.T) {
	float := small(t)
	converted, _ := convert(t, float, "default", quant.FBGEMM, smallInputs(8))
	var inputs [][]*tensor.Tensor
	for _, x := range smallInputs(2) {
		inputs = append(inputs, []*tensor.Tensor{x})
	}
	const target = 60
	fix := func(ctx context.Context) (*compare.Fixed, error) {
		return compare.Fix(ctx, float, converted, inputs, target, compare.Options{Threads: 1})
	}
	counted := &endsAt{t.Context(), 1 << 40}
	whole, err := fix(counted)
	if err != nil {
		t.Fatal(err)
	}
	asked := 1<<40 - counted.left
	if asked < 50 || len(whole.Steps) < 4 || whole.Best.Unseen < target {
		t.Fatalf("%+v after asking the context %d times: nothing to interrupt", whole.Best, asked)
	}
	several := 0
	for i := range 24 {
		found, err := fix(&endsAt{t.Context(), asked * i / 24})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: error %v", err)
		}
		if found == nil {
			continue // before the model as it was is measured
		}
		if len(found.Steps) > 1 {
			several++
		}
		best := found.Steps[0]
		for _, s := range found.Steps {
			if !slices.Contains(whole.Steps, s) {
				t.Errorf("step %+v is none of %+v", s, whole.Steps)
			}
			reached, before := s.Unseen >= target, best.Unseen >= target
			if reached && (!before || s.MACs <= best.MACs) || !before && s.Unseen > best.Unseen {
				best = s
			}
		}
		if found.Best.Unseen != best.Unseen || found.Graph == nil || found.Best.Layers > 0 != (len(found.Exclude) > 0) {
			t.Errorf("the best of %+v is %+v, not %+v", found.Steps, best, found.Best)
		}
	}
	if several == 0 {
		t.Error("no interruption came between two steps")
	}
}

// A model without a layer on codes is measured once.
func TestFixOfNoLayers(t *testing.T) {
	float := graph.New("net")
	x := float.AddInput("x", graph.Float32)
	float.Outputs = []*graph.Value{float.AddNode("y", op.Sigmoid{}, x)}
	converted := float.Clone()
	converted.Numerics = quant.FBGEMM
	found, err := compare.Fix(t.Context(), float, converted, [][]*tensor.Tensor{{tensor.Of([]float32{1, 2}, 2)}}, 300, compare.Options{Threads: 1})
	if err != nil || len(found.Steps) != 1 || len(found.Exclude) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// Where a softmax is certain on all inputs it hides all noise; other inputs may be such that it is
// not, so that the target has to be reached in front of it, too.
func TestFixInFrontOfSoftmax(t *testing.T) {
	float := small(t)
	for _, n := range slices.Backward(float.Nodes) {
		if op.WeightOf(n) == nil {
			continue
		}
		for _, p := range n.Inputs[1:] {
			p.Data = p.Data.Clone()
			for i := range p.Data.Float32s() {
				p.Data.Float32s()[i] *= 1000
			}
		}
		break
	}
	float.Outputs[0] = float.AddNode("scores", op.Softmax{Axis: -1}, float.Outputs[0])
	converted, _ := convert(t, float, "default", quant.FBGEMM, smallInputs(8))
	var inputs [][]*tensor.Tensor
	for _, x := range smallInputs(4) {
		inputs = append(inputs, []*tensor.Tensor{x})
	}
	const target = 50
	found, err := compare.Fix(t.Context(), float, converted, inputs, target, compare.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if as := found.Steps[0]; as.SQNR < 2*target || as.Unseen > target || found.Best.Layers == 0 || found.Best.Unseen < target {
		t.Errorf("as it was %+v, the best %+v", as, found.Best)
	}
	if len(found.Graph.Outputs) != len(float.Outputs) {
		t.Errorf("the best graph has %d outputs, not %d", len(found.Graph.Outputs), len(float.Outputs))
	}
}
