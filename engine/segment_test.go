package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

const detectorBoxes = 40

// detector is the tail of one: boxes [1, B, 4] and scores [1, C, B] become rows of the
// boxes that are left, with their scores and classes, sorted out in two steps. The sum of
// features passes both by.
func detector() *graph.Graph {
	g := graph.New("detector")
	boxes, scores := g.AddInput("boxes", graph.Float32), g.AddInput("scores", graph.Float32)
	ints := func(name string, v ...int64) *graph.Value { return g.AddConst(name, tensor.Of(v, len(v))) }
	real := func(name string, v float32) *graph.Value { return g.AddConst(name, tensor.Of([]float32{v}, 1)) }
	features := g.AddNode("features", op.Add{Act: quant.ReLU}, boxes, boxes)
	chosen := g.AddNode("nms", op.NonMaxSuppression{}, boxes, scores, ints("most", 30), real("iou", 0.5), real("score", 0.5))
	column := func(name string, i int) *graph.Value {
		c := g.AddNode(name+".column", op.Slice{Axis: 1, Start: i, End: i + 1}, chosen)
		return g.AddNode(name, op.Reshape{Shape: []int{-1}}, c)
	}
	class, box := column("class", 1), column("box", 2)
	kept := g.AddNode("kept", op.Gather{Axis: 1}, boxes, box)
	best := g.AddNode("best", op.Gather{Axis: 2}, scores, box) // [1, C, n]
	first := g.AddNode("first", op.Slice{Axis: 1, Start: 0, End: 1}, best)
	large := g.AddNode("large", op.Clamp{Act: quant.ReLU}, g.AddNode("over", op.Sub{}, first, real("limit", 0.7)))
	places := g.AddNode("places", op.NonZero{}, large)
	last := g.AddNode("last", op.Reshape{Shape: []int{-1}}, g.AddNode("last.row", op.Slice{Axis: 0, Start: 2, End: 3}, places))
	rows := g.AddNode("rows", op.Gather{Axis: 1}, g.AddNode("joined", op.Cat{Axis: 2}, kept, g.AddNode("turned", op.Transpose{Perm: []int{0, 2, 1}}, best)), last)
	sum := g.AddNode("sum", op.Add{}, features, boxes)
	g.Outputs = []*graph.Value{rows, g.AddNode("classes", op.Gather{Axis: 0}, class, last), sum, places}
	return g
}

// detections are inputs of detector, of whose boxes about a share scores high.
func detections(r *rand.Rand, share float64) []*tensor.Tensor {
	boxes, scores := make([]float32, detectorBoxes*4), make([]float32, 3*detectorBoxes)
	for i := range boxes {
		boxes[i] = r.Float32()
	}
	for i := range scores {
		if r.Float64() < share {
			scores[i] = 0.5 + r.Float32()/2
		}
	}
	return []*tensor.Tensor{tensor.Of(boxes, 1, detectorBoxes, 4), tensor.Of(scores, 1, 3, detectorBoxes)}
}

// Counts differ from run to run, down to none; the results are the reference's at any
// number of threads, from runs at the same time.
func TestSegments(t *testing.T) {
	r := testseed.Rand(t)
	ref, err := Reference(detector())
	if err != nil {
		t.Fatal(err)
	}
	var sessions []*Session
	for _, threads := range []int{1, 2, 5} {
		sessions = append(sessions, session(t, detector(), Options{Threads: threads}))
	}
	counts := map[int]bool{}
	var wait sync.WaitGroup
	for i := range 60 {
		in := detections(r, []float64{0, 0.02, 0.1, 0.5, 1}[i%5])
		want, err := ref.Run(context.Background(), in...)
		if err != nil {
			t.Fatal(err)
		}
		counts[want[0].Dim(1)] = true
		for _, s := range sessions {
			wait.Go(func() {
				got, err := s.Run(context.Background(), in...)
				if err != nil {
					t.Error(err)
					return
				}
				for j := range want {
					if !got[j].Shape().Equal(want[j].Shape()) || string(got[j].Bytes()) != string(want[j].Bytes()) {
						t.Errorf("output %d is %v %v, want %v %v", j, got[j], got[j].Bytes(), want[j], want[j].Bytes())
					}
				}
			})
		}
	}
	wait.Wait()
	if !counts[0] || len(counts) < 5 {
		t.Errorf("the counts were %v; none and several others should be among them", counts)
	}
	for _, s := range sessions {
		for _, pl := range s.plans {
			if len(s.plans) != 1 || len(pl.tails) > maxTails {
				t.Errorf("%d plans, %d behind one; the bound is %d", len(s.plans), len(pl.tails), maxTails)
			}
		}
	}
}

// Sizes that a session has seen cost no allocation, in turns too.
func TestSegmentsAllocateNothing(t *testing.T) {
	r := testseed.Rand(t)
	s := session(t, detector(), Options{Threads: 2})
	few, many := detections(r, 0.1), detections(r, 0.9)
	var outputs [2][]*tensor.Tensor
	for i, in := range [][]*tensor.Tensor{few, many} {
		var err error
		if outputs[i], err = s.Run(context.Background(), in...); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(20, func() {
		for i, in := range [][]*tensor.Tensor{few, many} {
			if err := s.RunInto(context.Background(), outputs[i], in...); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	err := s.RunInto(context.Background(), outputs[0], many...)
	if err == nil || !strings.Contains(err.Error(), `output "rows" is float32`) {
		t.Errorf("outputs of other sizes: %v", err)
	}
	if _, err := s.OutputTypes(few[0].Shape(), few[1].Shape()); err == nil || !strings.Contains(err.Error(), `"rows"`) {
		t.Errorf("types of outputs that a run tells: %v", err)
	}
	took := make([]time.Duration, len(s.p.g.Nodes))
	if err := s.RunTimed(context.Background(), took, outputs[1], many...); err != nil || took[len(took)-1] == 0 {
		t.Errorf("times %v, %v", took, err)
	}
}

// More sizes than are kept are right, and what was kept first is planned again.
func TestManyCounts(t *testing.T) {
	g := graph.New("places")
	x := g.AddInput("x", graph.Float32)
	places := g.AddNode("places", op.NonZero{}, x)
	g.Outputs = []*graph.Value{g.AddNode("picked", op.Gather{Axis: 0}, x, g.AddNode("flat", op.Reshape{Shape: []int{-1}}, places))}
	s := session(t, g, Options{Threads: 1})
	for range 2 {
		for n := range maxTails + 5 {
			in := make([]float32, maxTails+5)
			for i := range n {
				in[i] = float32(1 + i)
			}
			out, err := s.Run(context.Background(), tensor.Of(in, len(in)))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(out[0].Float32s(), in[:n]) {
				t.Errorf("%d: %v", n, out[0].Float32s())
			}
		}
	}
	if n := len(s.plans[0].tails); n != maxTails {
		t.Errorf("%d plans are kept, want %d", n, maxTails)
	}
}

// What does not fit the sizes that come is an error that names the node, and the next run
// is none the worse.
func TestSegmentErrors(t *testing.T) {
	g := graph.New("pairs")
	x := g.AddInput("x", graph.Float32)
	g.Outputs = []*graph.Value{g.AddNode("halves", op.Reshape{Shape: []int{2, -1}}, g.AddNode("places", op.NonZero{}, x))}
	g.Outputs = append(g.Outputs, g.AddNode("pairs", op.Reshape{Shape: []int{-1, 2}}, g.Nodes[0].Output()))
	s := session(t, g, Options{})
	run := func(v ...float32) error { _, err := s.Run(context.Background(), tensor.Of(v, len(v))); return err }
	if err := run(1, 0, 2); err != nil {
		t.Errorf("two places: %v", err)
	}
	if err := run(1, 0, 2, 3); err == nil || !strings.Contains(err.Error(), `pairs: node "halves" (reshape)`) {
		t.Errorf("three places in halves: %v", err)
	}
	if err := run(1, 2); err != nil {
		t.Error(err)
	}
	top := graph.New("top")
	x, k := top.AddInput("x", graph.Float32), top.AddInput("k", graph.Type{DType: tensor.Int64})
	top.Outputs = []*graph.Value{top.AddNode("most", op.TopK{}, x, k)}
	s = session(t, top, Options{})
	_, err := s.Run(context.Background(), tensor.Of([]float32{1, 2}, 2), tensor.Of([]int64{3}, 1))
	if err == nil || !strings.Contains(err.Error(), `node "most" (topk): k is 3`) {
		t.Errorf("too large a k: %v", err)
	}
	out, err := s.Run(context.Background(), tensor.Of([]float32{1, 2}, 2), tensor.Of([]int64{1}, 1))
	if err != nil || !slices.Equal(out[0].Float32s(), []float32{2}) {
		t.Errorf("%v, %v", out, err)
	}
}

// The plan tells the segments; a graph whose sizes are known has one.
func TestPlanTellsSegments(t *testing.T) {
	p := session(t, detector(), Options{}).p
	for _, shapes := range [][]tensor.Shape{nil, {{1, detectorBoxes, 4}, {1, 3, detectorBoxes}}} {
		plan, err := p.Plan(shapes...)
		if err != nil {
			t.Fatal(err)
		}
		segment := map[string]int{}
		for _, n := range plan {
			segment[n.Node.Name] = n.Segment
			if n.Kernel == "operator" {
				t.Errorf("%s has no kernel: %s", n.Node.Name, n.Reason)
			}
		}
		if segment["features"] != 1 || segment["nms"] != 1 || segment["class.column"] != 2 || segment["places"] != 2 || segment["sum"] != 3 {
			t.Errorf("segments %v", segment)
		}
	}
	plan, err := session(t, resnet18(tensor.QUInt8), Options{}).p.Plan(tensor.Shape{1, 3, 64, 64})
	if err != nil || slices.ContainsFunc(plan, func(n NodePlan) bool { return n.Segment != 1 }) {
		t.Errorf("%v, %v", plan, err)
	}
}
