package engine

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// A program with the packed layers of another, whose results are viewed, gives what that
// one gives when it is tapped.
func TestSharedAndViewed(t *testing.T) {
	r := testseed.Rand(t)
	for _, c := range randomgraph.Cases {
		for _, dtype := range []tensor.DType{tensor.Float32, tensor.QUInt8} {
			g := c.Build(randomgraph.New(r, c.Name, dtype, quant.FBGEMM))
			first := session(t, g, Options{})
			second := session(t, g.Clone(), Options{Like: first.p})
			x := randomgraph.Image(r, 2, c.Channels, c.H, c.W)
			want := map[string]*tensor.Tensor{}
			_, err := first.RunTapped(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
				want[v.Name] = y
				return nil
			}, x)
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			err = second.RunViewed(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
				seen++
				if w := want[v.Name]; !w.Shape().Equal(y.Shape()) || w.DType() != y.DType() || !bytes.Equal(w.Bytes(), y.Bytes()) {
					return fmt.Errorf("%s is viewed as %v, and tapped as %v", v.Name, y, w)
				}
				return nil
			}, x)
			if err != nil {
				t.Fatalf("%s in %v: %v", c.Name, dtype, err)
			}
			if seen != len(want) {
				t.Fatalf("%s in %v: %d results viewed, %d tapped", c.Name, dtype, seen, len(want))
			}
		}
	}
}

// Only layers with the same parameters, attributes and types are shared.
func TestSharedLayers(t *testing.T) {
	g := small(t, tensor.QUInt8)
	first := session(t, g, Options{}).p
	packed := first.packedLayers(first)
	clone, changed, shared := g.Clone(), 0, 0
	for _, n := range clone.Nodes {
		l, ok := packed.like(n)
		if !ok {
			continue
		}
		if shared++; l.node != n {
			t.Errorf("%s is shared as %s", n.Name, l.node.Name)
		}
		n.Output().Type.Q = tensor.Affine(n.Output().Type.Q.Scale()*2, n.Output().Type.Q.ZeroPoint())
		if _, ok := packed.like(n); ok {
			t.Errorf("%s is shared with another scale", n.Name)
		}
		changed++
	}
	if shared == 0 || changed != shared {
		t.Errorf("%d layers are shared, %d of them with another scale are not", shared, changed)
	}
	clone.Numerics = quant.QNNPACK
	if p := (&Program{g: clone, cpu: first.cpu}); p.packedLayers(first) != nil {
		t.Error("layers are shared with a program of other rules")
	}
}
