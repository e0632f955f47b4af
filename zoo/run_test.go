package zoo

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
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
			norms := map[string]bool{}
			for _, n := range g.Nodes {
				_, norms[n.Name] = n.Op.(op.BatchNorm)
			}
			for _, p := range g.Params {
				module := p.Name[:strings.LastIndexByte(p.Name, '.')]
				p.Data = hashweights.Model{Seed: 11}.Parameter(p.Name, norms[module], p.Type.Shape...)
			}
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
			if !(worst <= 1e-4*size) || size == 0 {
				t.Errorf("logits up to %v differ by up to %v", size, worst)
			}
		})
	}
}

func logits(t *testing.T, e engine.Engine, x *tensor.Tensor) []float32 {
	t.Helper()
	out, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Float32s()
}
