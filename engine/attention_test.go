package engine

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// realsOf is a tensor of random numbers.
func realsOf(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(r.NormFloat64())
	}
	return t
}

// attending is a graph of attention as exporters write it, with operands in random forms, and
// its inputs. enlarged tells that the mask has more axes than the scores.
func attending(r *rand.Rand, enlarged bool) (*graph.Graph, []*tensor.Tensor) {
	g := graph.New("attention")
	var inputs []*tensor.Tensor
	input := func(name string, shape ...int) *graph.Value {
		inputs = append(inputs, realsOf(r, shape...))
		v := g.AddInput(name, graph.TypeOf(inputs[len(inputs)-1]))
		v.Type.Shape = nil
		return v
	}
	sizes := []int{1, 2, 3, 7, 8, 16, 33, 64, 100}
	size := func() int { return sizes[r.IntN(len(sizes))] }
	batch, heads, m, n, depth, columns := 1+r.IntN(2), 1+r.IntN(4), size(), size(), size(), size()
	if r.IntN(4) == 0 {
		n = 3000 + r.IntN(3000) // a few rows of scores at a time
	}
	if enlarged {
		batch = 1
	}
	heading := func(v *graph.Value, perm ...int) *graph.Value {
		return g.AddNode(v.Name+"/heads", op.Transpose{Perm: perm}, v)
	}
	q := heading(input("q", batch, m, heads, depth), 0, 2, 1, 3)
	k := heading(input("k", batch, n, heads, depth), 0, 2, 3, 1)
	if r.IntN(2) == 0 {
		k = input("columns", batch, heads, depth, n)
	}
	v := heading(input("v", batch, n, heads, columns), 0, 2, 1, 3)
	scores := g.AddNode("scores", op.MatMul{}, q, k)
	if r.IntN(2) == 0 {
		scores = g.AddNode("scaled", op.ScaleShift{Scale: 0.125}, scores)
	}
	if r.IntN(2) == 0 {
		scores = g.AddNode("divided", op.Div{}, scores, input("divisor", 1))
	}
	if r.IntN(2) == 0 {
		scores = g.AddNode("capped", op.Tanh{}, scores)
	}
	mask := [][]int{{batch, 1, 1, n}, {m, n}, {heads, m, n}, {batch, heads, m, n}, {1, 1, m, 1}, {n}}[r.IntN(6)]
	if enlarged {
		mask = []int{3, 1, 1, n}
	}
	if r.IntN(2) == 0 {
		scores = g.AddNode("masked", op.Add{}, scores, input("mask", mask...))
		if r.IntN(2) == 0 {
			clear(inputs[len(inputs)-1].Float32s())
		}
	} else if r.IntN(4) > 0 || enlarged {
		scores = g.AddNode("masked", op.Sub{}, input("mask", mask...), scores)
	}
	p := g.AddNode("p", op.Softmax{Axis: []int{-1, 3}[r.IntN(2)]}, scores)
	y := g.AddNode("y", op.MatMul{}, p, v)
	if r.IntN(2) == 0 {
		y = g.AddNode("joined", op.Transpose{Perm: []int{0, 2, 1, 3}}, y)
	}
	g.Outputs = []*graph.Value{y}
	return g, inputs
}

// Attention that one kernel computes has the bits of its nodes, at any number of threads.
func TestAttention(t *testing.T) {
	r := testseed.Rand(t)
	for i := range 24 {
		enlarged := i%8 == 7
		g, inputs := attending(r, enlarged)
		for _, level := range Levels() {
			s := session(t, g, Options{CPU: level, Threads: 1 + r.IntN(3)})
			observed := func(*graph.Value, *tensor.Tensor) error { return nil }
			want, err := s.RunTapped(context.Background(), observed, inputs...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Run(context.Background(), inputs...)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, level, got[0], want[0])
			if with := planOf(t, s, inputs)["scores"].With; (with == "y") == enlarged {
				t.Errorf("%s: the scores are computed with %q, enlarged: %v", level, with, enlarged)
			}
		}
	}
}

// planOf is the plan by the names of nodes.
func planOf(t *testing.T, s *Session, inputs []*tensor.Tensor) map[string]NodePlan {
	t.Helper()
	var shapes []tensor.Shape
	for _, x := range inputs {
		shapes = append(shapes, x.Shape())
	}
	nodes, err := s.Program().Plan(shapes...)
	if err != nil {
		t.Fatal(err)
	}
	plan := map[string]NodePlan{}
	for _, n := range nodes {
		plan[n.Node.Name] = n
	}
	return plan
}

// Scores that have another reader are computed for themselves.
func TestAttentionWhoseScoresAreRead(t *testing.T) {
	r := testseed.Rand(t)
	for _, name := range []string{"scores", "p"} {
		g, inputs := attending(r, false)
		for _, n := range g.Nodes {
			if n.Name == name {
				g.Outputs = append(g.Outputs, n.Output())
			}
		}
		s := session(t, g, Options{Threads: 1})
		if with := planOf(t, s, inputs)["p"].With; with != "" {
			t.Errorf("%s is read: softmax is computed with %q", name, with)
		}
		if _, err := s.Run(context.Background(), inputs...); err != nil {
			t.Fatal(err)
		}
	}
}

// Memory does not grow with the square of the sequence.
func TestAttentionKeepsNoScores(t *testing.T) {
	g := graph.New("attention")
	const length, depth = 4096, 8
	v := func(name string) *graph.Value {
		return g.AddInput(name, graph.Type{DType: tensor.Float32, Shape: tensor.Shape{1, length, depth}})
	}
	k := g.AddNode("transposed", op.Transpose{Perm: []int{0, 2, 1}}, v("k"))
	p := g.AddNode("p", op.Softmax{Axis: -1}, g.AddNode("scores", op.MatMul{}, v("q"), k))
	g.Outputs = []*graph.Value{g.AddNode("y", op.MatMul{}, p, v("v"))}
	prog := session(t, g, Options{Threads: 1}).Program()
	shape := tensor.Shape{1, length, depth}
	pl, err := prog.plan(prog.fused, []tensor.Shape{shape, shape, shape})
	if err != nil {
		t.Fatal(err)
	}
	if bytes := pl.arena + 8*pl.work; bytes > 4*length*length/16 {
		t.Errorf("attention over %d tokens takes %d bytes", length, bytes)
	}
}
