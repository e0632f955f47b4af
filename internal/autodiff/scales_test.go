package autodiff

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// learnable is what PyTorch's learnable fake quantization makes of x and of a
// gradient.
type learnable struct {
	Spec      quant.ObserverSpec `json:"spec"`
	Channels  int                `json:"channels"`
	X         []float32          `json:"x"`
	Up        []float32          `json:"up"`
	Scale     []float32          `json:"scale"`
	ZeroPoint []float32          `json:"zero_point"`
	Y         []float32          `json:"y"`
	DX        []float32          `json:"dx"`
	DScale    []float32          `json:"dscale"`
	DZero     []float32          `json:"dzero"`
}

// TestLearnableGradients has x as the weight of a linear layer, whose results for
// the unit vectors are the rounded weight.
func TestLearnableGradients(t *testing.T) {
	text, err := os.ReadFile("testdata/learnable.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []learnable
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	numbers, edges := 0, 0
	for i, c := range cases {
		n := len(c.X) / c.Channels
		f, err := fakequant.New(c.Spec)
		if err != nil {
			t.Fatal(err)
		}
		g := &graph.Graph{Name: "linear"}
		x, weight := g.AddInput("x", graph.Float32), g.AddParam("fc.weight", c.Channels, n)
		weight.Data = tensor.Of(c.X, c.Channels, n)
		g.Outputs = []*graph.Value{g.AddNode("fc", op.Linear{}, x, weight)}
		p, err := Compile(g, Options{Threads: 2, Weights: map[string]*fakequant.Module{"fc.weight": f}})
		if err != nil {
			t.Fatal(err)
		}
		f.SetScales(c.Scale, c.ZeroPoint)
		f.Learn()
		p.TrainScales(true)
		step, err := p.Step(tensor.Shape{n, n})
		if err != nil {
			t.Fatal(err)
		}
		unit := tensor.New(tensor.Float32, n, n)
		for j := range n {
			unit.Float32s()[j*n+j] = 1
		}
		y, err := step.Forward(context.Background(), unit)
		if err != nil {
			t.Fatal(err)
		}
		for j := range n {
			for o := range c.Channels {
				if y[j*c.Channels+o] != c.Y[o*n+j] {
					t.Fatalf("case %d: %v becomes %v, PyTorch's %v", i, c.X[o*n+j], y[j*c.Channels+o], c.Y[o*n+j])
				}
				step.Gradient()[j*c.Channels+o] = c.Up[o*n+j]
			}
		}
		if err := step.Backward(context.Background()); err != nil {
			t.Fatal(err)
		}
		const float32Bound = 1e-5 // PyTorch adds up in float32, some hundred terms
		total := 0.0
		for _, u := range c.Up {
			total += math.Abs(float64(u)) * f.GradientFactor(len(c.Up))
		}
		for _, q := range p.Params() {
			switch got := q.GradTensor().Float32s(); q.Role {
			case Weight:
				for j, v := range got {
					if v != c.DX[j] && v != 0 && c.DX[j] != 0 {
						t.Errorf("case %d (%v): gradient of number %d is %v, PyTorch's %v", i, c.Spec, j, v, c.DX[j])
					}
					if (v == 0) != (c.DX[j] == 0) {
						edges++
					}
				}
			case StepSize:
				if d := distance(got, c.DScale, 10*total); !(d < float32Bound) {
					t.Errorf("case %d (%v): gradient of the scale is %v, PyTorch's %v", i, c.Spec, got, c.DScale)
				}
			case ZeroPoint:
				if d := distance(got, c.DZero, total*float64(c.Scale[0])); !(d < float32Bound) {
					t.Errorf("case %d (%v): gradient of the zero point is %v, PyTorch's %v", i, c.Spec, got, c.DZero)
				}
			}
		}
		numbers += len(c.X)
	}
	// PyTorch's gradient by tensor cuts off by another zero point than its rounding
	// where that is negative and between two codes.
	if edges > numbers/200 {
		t.Errorf("of %d numbers %d pass a gradient where PyTorch's do not, or the other way round", numbers, edges)
	}
	t.Logf("%d cases, %d numbers, %d on an edge", len(cases), numbers, edges)
}
