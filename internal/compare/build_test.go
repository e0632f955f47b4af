package compare_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

// fused returns the fused float graph of an architecture with hashed weights.
func fused(t testing.TB, arch string, m hashweights.Model) *graph.Graph {
	t.Helper()
	g, err := zoo.Build(arch, nil, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	norms := map[string]bool{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok {
			norms[n.Name] = true
		}
	}
	for _, p := range g.Params {
		p.Data = m.Parameter(p.Name, norms[p.Name[:strings.LastIndexByte(p.Name, '.')]], p.Type.Shape...)
	}
	out, _, err := rewrite.Fuse(g)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// small is the demo's network.
func small(t testing.TB) *graph.Graph {
	return fused(t, "fashion_resnet8", hashweights.Model{Seed: 9})
}

func smallInput(i int) *tensor.Tensor { return hashweights.Images(1, 1, 12, uint64(i)) }

func smallInputs(n int) []*tensor.Tensor {
	var list []*tensor.Tensor
	for i := range n {
		list = append(list, smallInput(i))
	}
	return list
}

func stream(inputs []*tensor.Tensor) iter.Seq2[*tensor.Tensor, error] {
	return func(yield func(*tensor.Tensor, error) bool) {
		for _, x := range inputs {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// convert quantizes a fused graph, calibrated on inputs.
func convert(t testing.TB, g *graph.Graph, recipe string, n quant.Numerics, inputs []*tensor.Tensor, exclude ...string) (*graph.Graph, *ptq.Stats) {
	t.Helper()
	q, err := quant.ParseQConfig(recipe, n)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := ptq.Calibrate(context.Background(), p, stream(inputs), ptq.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := ptq.Convert(p, stats, n)
	if err != nil {
		t.Fatal(err)
	}
	return out, stats
}

// How near decibels, and shares, have to be to those wanted.
const (
	stepsBound   = 1e-12 // a known value, by a few steps in float64
	float64Bound = 1e-9  // the same of numbers that are float32
	naiveBound   = 0.01  // the same arithmetic in float32, by other sums
	torchBound   = 0.05  // PyTorch's layer: an input on the edge of a code falls to either side
	logitsBound  = 1e-4  // the same logits, summed by PyTorch in float32
	vectorBound  = 1e-3  // a long vector, summed by PyTorch in float32
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	return list
}
