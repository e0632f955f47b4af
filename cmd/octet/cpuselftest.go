package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// selfTest is the outcome of `octet cpu --selftest`.
type selfTest struct {
	Seed     uint64         `json:"seed"`
	Levels   []string       `json:"levels"`
	Graphs   int            `json:"graphs"`  // at each level
	Kernels  map[string]int `json:"kernels"` // results compared, by kernel
	Absent   []string       `json:"not_reached"`
	Failures []string       `json:"failures"`
}

// numericsCase is a way of computing: in float32, or on codes by the rules of a backend.
type numericsCase struct {
	dtype    tensor.DType
	numerics quant.Numerics
}

var numericsCases = []numericsCase{
	{dtype: tensor.Float32}, {tensor.QUInt8, quant.FBGEMM}, {tensor.QUInt8, quant.QNNPACK}, {tensor.QUInt8, quant.OneDNN},
	{tensor.QInt8, quant.FBGEMM}, {tensor.QInt8, quant.OneDNN}, {tensor.QUInt8, quant.ONNX}, {tensor.QInt8, quant.ONNX},
}

func runSelfTest(ctx context.Context, c *console.Console, seed uint64) (*selfTest, error) {
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	s := &selfTest{Seed: seed, Levels: engine.Levels(), Kernels: map[string]int{}, Absent: []string{}, Failures: []string{}}
	r := rand.New(rand.NewPCG(seed, 7))
	stage := c.Begin("selftest", "graphs", len(numericsCases)*len(randomgraph.Cases))
	defer stage.End()
	for _, v := range numericsCases {
		for _, cs := range randomgraph.Cases {
			g := cs.Build(randomgraph.New(r, cs.Name, v.dtype, v.numerics))
			x := randomgraph.Image(r, 1+r.IntN(3), cs.Channels, cs.H, cs.W)
			if err := s.check(ctx, fmt.Sprintf("%s, %v %v", cs.Name, v.dtype, v.numerics), g, x); err != nil {
				return nil, err
			}
			s.Graphs++
			stage.Set(s.Graphs)
		}
	}
	s.checkStatistics(r)
	s.checkPixels(r)
	if err := s.checkTraining(ctx, r); err != nil {
		return nil, err
	}
	s.listAbsent()
	return s, nil
}

// check compares every node of g at every level with the naive operators.
func (s *selfTest) check(ctx context.Context, name string, g *graph.Graph, x *tensor.Tensor) error {
	ref, err := engine.Reference(g)
	if err != nil {
		return err
	}
	want, err := nodeResults(ctx, ref, x)
	if err != nil {
		return err
	}
	for _, level := range s.Levels {
		p, err := engine.Compile(g, engine.Options{Threads: 2, CPU: level})
		if err != nil {
			return err
		}
		got, err := nodeResults(ctx, p.NewSession(), x)
		if err != nil {
			return err
		}
		plan, err := p.Plan(x.Shape())
		if err != nil {
			return err
		}
		for i, n := range plan {
			s.count(n, level, g.Numerics)
			if diff := difference(got[i], want[i]); diff != "" {
				s.Failures = append(s.Failures, fmt.Sprintf("%s, node %s at %s, kernel %s: %s", name, n.Node.Name, level, n.Kernel, diff))
			}
		}
	}
	return nil
}

// checkStatistics compares the kernels of observers, which are no nodes, with the
// portable ones.
func (s *selfTest) checkStatistics(r *rand.Rand) {
	x := make([]float32, 1+r.IntN(1<<16))
	for i := range x {
		x[i] = float32(max(-1, r.NormFloat64()))
	}
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v + float32(r.NormFloat64()/64)
	}
	lo, hi := slices.Min(x), slices.Max(x)+1
	run := func(k *statistics.Kernel) statistics.Call {
		c := statistics.Call{X: x, Y: y, Lo: lo, Hi: hi, Counts: make([]uint32, 8+len(x)%3000)}
		k.Run(&c)
		return c
	}
	for i := range statistics.Table {
		k := &statistics.Table[i]
		if !k.RunsOn(cpu.Host()) {
			continue
		}
		s.Kernels[k.Name]++
		if got, want := run(k), run(statistics.Select(statistics.Table, k.Function, 0)); !reflect.DeepEqual(got, want) {
			s.Failures = append(s.Failures, fmt.Sprintf("kernel %s on %d numbers", k.Name, len(x)))
		}
	}
}

// nodeResults runs x and returns the results of every node.
func nodeResults(ctx context.Context, e engine.Engine, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	var results []*tensor.Tensor
	_, err := e.RunTapped(ctx, func(_ *graph.Value, t *tensor.Tensor) error {
		results = append(results, t)
		return nil
	}, x)
	return results, err
}

// difference describes how got differs from want; empty if it does not.
func difference(got, want *tensor.Tensor) string {
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		return fmt.Sprintf("it is %v, not %v", got, want)
	}
	if want.DType() != tensor.Float32 {
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			return "codes differ"
		}
		return ""
	}
	for i, w := range want.Float32s() {
		g := got.Float32s()[i]
		if d := math.Abs(float64(g) - float64(w)); !(d <= 1e-5*max(1, math.Abs(float64(w)))) {
			return fmt.Sprintf("element %d is %v, not %v", i, g, w)
		}
	}
	return ""
}

// count records the kernels of a node. Kernels that requantize accumulators run as the epilogue
// of others and have no node of their own.
func (s *selfTest) count(n engine.NodePlan, level string, numerics quant.Numerics) {
	s.Kernels[n.Kernel]++
	if n.Family != "gemm8" && n.Family != "depthwise8" {
		return
	}
	picks, err := engine.Picks(level)
	if err != nil {
		return
	}
	kind := "requant_s32u8"
	if n.Node.Output().Type.DType == tensor.Float32 {
		kind = "requant_s32f32"
		linear, ok := n.Node.Op.(op.DynamicLinear)
		switch {
		case ok && linear.ByRow:
			kind = "requant_s32f32_rows"
		case strings.HasPrefix(n.Node.Op.Kind(), "dynamic_") && quant.DynamicFused(numerics):
			kind = "requant_s32f32_fused"
		}
	}
	s.Kernels[picks[kind]]++
}

// listAbsent names the kernels that can run on this machine but were not used.
func (s *selfTest) listAbsent() {
	for _, r := range engine.Kernels() {
		if r.Runs() && s.Kernels[r.Name] == 0 {
			s.Absent = append(s.Absent, r.Name)
		}
	}
}

func (s *selfTest) failure() error {
	if s == nil || len(s.Failures) == 0 {
		return nil
	}
	return exit.WithCode(exit.Check, fmt.Errorf("--selftest: %d nodes differ from the naive operators (--seed %d draws them again):\n%s",
		len(s.Failures), s.Seed, strings.Join(s.Failures, "\n")))
}

func (s *selfTest) print(w io.Writer) {
	fmt.Fprintf(w, "\nself-test: %d graphs (seed %d) at each level: %s\n", s.Graphs, s.Seed, strings.Join(s.Levels, ", "))
	t := console.NewTable(w, "kernel", "results compared")
	var names []string
	for name := range s.Kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.AppendRow([]any{name, s.Kernels[name]})
	}
	t.Render()
	if len(s.Absent) > 0 {
		fmt.Fprintf(w, "took no part: %s\n", strings.Join(s.Absent, ", "))
	}
	if len(s.Failures) == 0 {
		fmt.Fprintln(w, "all nodes equal the naive operators, and all gradients those of portable code")
	}
}
