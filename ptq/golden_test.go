package ptq_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// golden is a model quantized by torch.ao; tools/golden/ptq.py makes the file.
type golden struct {
	Arch        string                `json:"arch"`
	Backend     quant.Numerics        `json:"backend"`
	Recipe      string                `json:"recipe"`
	Seed        uint64                `json:"seed"`
	Size        int                   `json:"size"`
	Batch       int                   `json:"batch"`
	Batches     int                   `json:"batches"`
	Exponents   map[string]int        `json:"exponents"`
	Activations map[string][2]float64 `json:"activations"`
	Weights     map[string]string     `json:"weights"`
	Layers      map[string]string     `json:"layers"`
	FloatLogits []float32             `json:"float_logits"`
	Logits      string                `json:"logits"`
}

func goldens(t *testing.T) []golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g []golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func (c golden) batch(i int) *tensor.Tensor {
	return hashweights.Images(c.Batch, 3, c.Size, c.Seed*100+uint64(i))
}

func (c golden) data() iter.Seq2[*tensor.Tensor, error] {
	return func(yield func(*tensor.Tensor, error) bool) {
		for i := range c.Batches {
			if !yield(c.batch(i), nil) {
				return
			}
		}
	}
}

func (c golden) qconfig(t *testing.T) quant.QConfig {
	t.Helper()
	q, err := quant.ParseQConfig(c.Recipe, c.Backend)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// fused returns the float graph with hashed weights, bound and fused.
func (c golden) fused(t *testing.T) *graph.Graph {
	t.Helper()
	g := build(t, c.Arch)
	bindHashed(g, hashweights.Model{Seed: c.Seed, Exponents: c.Exponents})
	fused, _, err := rewrite.Fuse(g)
	if err != nil {
		t.Fatal(err)
	}
	return fused
}

// bindHashed gives every parameter of an unfused graph its hashed tensor.
func bindHashed(g *graph.Graph, m hashweights.Model) {
	norms := map[string]bool{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok {
			norms[n.Name] = true
		}
	}
	for _, p := range g.Params {
		module := p.Name[:strings.LastIndexByte(p.Name, '.')]
		p.Data = m.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
}

func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func TestConvertEqualsPyTorch(t *testing.T) {
	for _, c := range goldens(t) {
		t.Run(fmt.Sprintf("%s_%v_%s", c.Arch, c.Backend, c.Recipe), func(t *testing.T) {
			t.Parallel()
			g := c.fused(t)
			p, err := ptq.Prepare(g, c.qconfig(t), ptq.Options{})
			if err != nil {
				t.Fatal(err)
			}
			stats, err := ptq.Calibrate(context.Background(), p, c.data(), ptq.CalibrateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			converted, report, err := ptq.Convert(p, stats, c.Backend)
			if err != nil {
				t.Fatal(err)
			}
			if report.FloatNodes != 0 {
				t.Errorf("%d nodes left in float", report.FloatNodes)
			}
			c.checkWeights(t, converted)
			c.checkActivations(t, converted)
			c.checkIntegers(t, converted)
		})
	}
}

// checkWeights demands PyTorch's integers, scales and biases, bit for bit.
func (c golden) checkWeights(t *testing.T, g *graph.Graph) {
	seen := 0
	for _, n := range g.Nodes {
		want, ok := c.Weights[n.Name]
		if !ok {
			continue
		}
		seen++
		w, b := n.Inputs[1].Data, n.Inputs[2].Data
		var scales []byte
		for _, s := range w.QParams().Scales {
			scales = binary.LittleEndian.AppendUint64(scales, math.Float64bits(s))
		}
		if got := digest(w.Bytes(), scales, b.Bytes()); got != want {
			t.Errorf("weights of %s hash to %s, PyTorch's to %s", n.Name, got, want)
		}
	}
	if seen != len(c.Weights) {
		t.Errorf("%d layers with weights, PyTorch has %d", seen, len(c.Weights))
	}
}

const (
	// scaleBound is how far a scale may lie from PyTorch's, as a share of it: extremes of
	// float sums in another order.
	scaleBound = 1e-4
	// searchBound is the same where a search over the 2048 bins of a histogram decides: a
	// count in the neighbouring bin can end it some bins earlier or later.
	searchBound = 0.05
	// leastEqual is the share of activations that have PyTorch's parameters all the same.
	leastEqual = 0.85
)

// checkActivations compares with what PyTorch's observers found on PyTorch's
// float convolutions, whose sums differ from ours in the last bits.
func (c golden) checkActivations(t *testing.T, g *graph.Graph) {
	tolerance := scaleBound
	if c.Recipe == "default" {
		tolerance = searchBound
	}
	seen, close := len(g.Idle), 0
	for _, n := range g.Nodes {
		want, ok := c.Activations[n.Name]
		if !ok {
			continue
		}
		seen++
		q := n.Output().Type.Q
		off := math.Abs(q.Scale()-want[0]) / want[0]
		if off <= scaleBound && float64(q.ZeroPoint()) == want[1] {
			close++
		}
		if off > tolerance || math.Abs(float64(q.ZeroPoint())-want[1]) > 1 {
			t.Errorf("%s: %v, PyTorch has scale=%g zero_point=%g", n.Name, q, want[0], want[1])
		}
	}
	if seen != len(c.Activations) {
		t.Errorf("%d activations, PyTorch has %d", seen, len(c.Activations))
	}
	if share := float64(close+len(g.Idle)) / float64(seen); share < leastEqual {
		t.Errorf("only %.0f %% of the activations have PyTorch's parameters", 100*share)
	}
}

// checkIntegers runs the graph with exactly PyTorch's activation parameters and
// demands PyTorch's integers of every layer.
func (c golden) checkIntegers(t *testing.T, g *graph.Graph) {
	g = g.Clone()
	for _, n := range g.Nodes {
		want, ok := c.Activations[n.Name]
		switch {
		case ok:
			n.Output().Type.Q = tensor.Affine(want[0], int64(want[1]))
		case n.Output().Type.Q != nil:
			n.Output().Type.Q = n.Inputs[0].Type.Q
		}
	}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	program, err := engine.Compile(g, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	out, err := program.NewSession().RunTapped(context.Background(), func(v *graph.Value, x *tensor.Tensor) error {
		want, ok := c.Layers[v.Name]
		if !ok {
			return nil
		}
		seen++
		if got := digest(x.Uint8s()); got != want {
			t.Errorf("integers of %s hash to %s, PyTorch's to %s", v.Name, got, want)
		}
		return nil
	}, c.batch(0))
	if err != nil {
		t.Fatal(err)
	}
	if seen != len(c.Layers) {
		t.Errorf("%d layers give codes, PyTorch has %d", seen, len(c.Layers))
	}
	if got := digest(out[0].Bytes()); got != c.Logits {
		t.Errorf("logits hash to %s, PyTorch's to %s", got, c.Logits)
	}
}
