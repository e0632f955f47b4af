package octet_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// TestWrongScaleIsRankedFirst: of a layer of an imported network whose weights have a wrong
// scale, Compare finds that it adds most noise, whichever layer and however wrong.
func TestWrongScaleIsRankedFirst(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	x := golden.Arrays["x"]
	float, err := octet.Open("testdata/onnx/float.onnx")
	if err != nil {
		t.Fatal(err)
	}
	calibration, err := octet.Calibrate(t.Context(), float, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	seeds := testseed.Rand(t)
	for range 20 {
		seed := seeds.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		int8, _, err := octet.Convert(float, calibration)
		if err != nil {
			t.Fatal(err)
		}
		wrong, factor := spoil(int8, r)
		c, err := octet.Compare(t.Context(), float, int8, octet.FromTensor(x))
		if err != nil {
			t.Fatal(err)
		}
		ranked := slices.DeleteFunc(slices.Clone(c.Layers), func(l octet.LayerComparison) bool { return !l.Int8 || !l.Introduced.Known() })
		worst := slices.MinFunc(ranked, func(a, b octet.LayerComparison) int {
			if a.Introduced < b.Introduced {
				return -1
			}
			return 1
		})
		if worst.Node != wrong {
			t.Errorf("seed %d: the scale of %s is %.2f times what it should be; %s is ranked first", seed, wrong, factor, worst.Node)
		}
	}
}

// spoil multiplies the scales of the weights of one layer.
func spoil(m *octet.Model, r *rand.Rand) (layer string, factor float64) {
	var layers []int
	g := m.Graph()
	for i, n := range g.Nodes {
		if w := op.WeightOf(n); w != nil && w.Type.DType.IsQuantized() {
			layers = append(layers, i)
		}
	}
	n := g.Nodes[layers[r.IntN(len(layers))]]
	if factor = 1.3 + 2*r.Float64(); r.IntN(2) == 0 {
		factor = 1 / factor
	}
	w := op.WeightOf(n)
	q := &tensor.QParams{Axis: w.Type.Q.Axis, ZeroPoints: w.Type.Q.ZeroPoints}
	for _, s := range w.Type.Q.Scales {
		q.Scales = append(q.Scales, factor*s)
	}
	w.Data = tensor.OfQuantized(w.Data.Int8s(), q, w.Data.Shape()...)
	w.Type.Q = q
	return n.Name, factor
}
