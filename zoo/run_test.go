package zoo

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// The network as built, by the operators' own evaluation, and fused, on the
// compiled engine, are one function.
func TestFusedRunsLikeBuilt(t *testing.T) {
	for _, tc := range []struct {
		arch    string
		variant Variant
	}{{"resnet18", Plain}, {"mobilenet_v2", Plain}, {"mobilenet_v2", Quantizable}, {"fashion_resnet8", Quantizable},
		{"googlenet+transform_input", Plain}, {"mobilenet_v3_small", Quantizable}, {"shufflenet_v2_x0_5", Plain},
	} {
		t.Run(tc.arch+" "+tc.variant.String(), func(t *testing.T) {
			g, err := Build(tc.arch, nil, tc.variant)
			if err != nil {
				t.Fatal(err)
			}
			hashed(g, 11)
			fused, groups, err := rewrite.Fuse(g)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range fused.Nodes {
				switch n.Op.(type) {
				case op.BatchNorm, op.Clamp:
					t.Errorf("%s is left over", n.Name)
				}
			}
			if len(groups) == 0 {
				t.Error("nothing was fused")
			}
			x := hashweights.Images(1, inputChannels(g), 32, 3)
			reference, err := engine.Reference(g)
			if err != nil {
				t.Fatal(err)
			}
			program, err := engine.Compile(fused, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want, got := logits(t, reference, x), logits(t, program.NewSession(), x)
			var size, worst float64
			for i, v := range want {
				size = max(size, math.Abs(float64(v)))
				worst = max(worst, math.Abs(float64(v-got[i])))
			}
			if !(worst <= logitsBound*size) || size == 0 {
				t.Errorf("logits up to %v differ by up to %v", size, worst)
			}
		})
	}
}

// logitsBound is how far float logits may lie apart, as a share of the largest: sums in
// another order, through up to a hundred layers, differ by some 1e-6 of it, and wrong
// arithmetic of a single layer by more than a thousandth.
const logitsBound = 1e-4

// hashed gives the parameters the values of internal/hashweights.
func hashed(g *graph.Graph, seed uint64) {
	norms := map[string]bool{}
	for _, n := range g.Nodes {
		_, norms[n.Name] = n.Op.(op.BatchNorm)
	}
	for _, p := range g.Params {
		module := p.Name[:strings.LastIndexByte(p.Name, '.')]
		p.Data = hashweights.Model{Seed: seed}.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
}

// The compiled network gives PyTorch's logits of one image.
func TestLogitsArePyTorchs(t *testing.T) {
	for name, want := range layouts(t) {
		if want.Logits == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			g, err := Build(name, nil, Plain)
			if err != nil {
				t.Fatal(err)
			}
			if testing.Short() && numel(g) > quickNumel {
				t.Skip("weights of a large network are drawn")
			}
			hashed(g, want.Logits.Seed)
			fused, _, err := rewrite.Fuse(g)
			if err != nil {
				t.Fatal(err)
			}
			program, err := engine.Compile(fused, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := logits(t, program.NewSession(), hashweights.Images(1, 3, want.Logits.Size, want.Logits.Seed))
			if size := want.Logits.Every * len(want.Logits.Values); len(got) != size || len(got) < 20 {
				t.Fatalf("%d logits, PyTorch has %d", len(got), size)
			}
			largest, worst := 0.0, 0.0
			for i, v := range got {
				largest = max(largest, math.Abs(float64(v)))
				if i%want.Logits.Every == 0 {
					worst = max(worst, math.Abs(float64(v)-want.Logits.Values[i/want.Logits.Every]))
				}
			}
			worst = max(worst, math.Abs(largest-want.Logits.Largest))
			if !(worst <= logitsBound*want.Logits.Largest) {
				t.Errorf("logits up to %v differ by up to %v", want.Logits.Largest, worst)
			}
			t.Logf("logits up to %.4g differ by up to %.1e of the largest", want.Logits.Largest, worst/want.Logits.Largest)
		})
	}
}

const (
	quickNumel = 4_000_000 // parameters of a network for short runs
	// largeNumel are those from which on tools/golden/zoo.py makes no logits.
	largeNumel = 30_000_000
)

func numel(g *graph.Graph) int {
	n := 0
	for _, p := range g.Params {
		n += p.Type.Shape.Numel()
	}
	return n
}

func logits(t *testing.T, e engine.Engine, x *tensor.Tensor) []float32 {
	t.Helper()
	out, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Float32s()
}
