package engine_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

// quantized makes an int8 model of hashed weights, calibrated on one image.
func quantized(t *testing.T, arch string, n quant.Numerics, size int) *graph.Graph {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	g, err := zoo.Build(arch, nil, zoo.Quantizable)
	fatal(err)
	norms := map[string]bool{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok {
			norms[n.Name] = true
		}
	}
	for _, p := range g.Params {
		module := p.Name[:strings.LastIndexByte(p.Name, '.')]
		p.Data = hashweights.Model{Seed: 1}.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
	fused, _, err := rewrite.Fuse(g)
	fatal(err)
	q, err := quant.DefaultQConfig(n)
	fatal(err)
	prepared, err := ptq.Prepare(fused, q, ptq.Options{})
	fatal(err)
	stats, err := ptq.Calibrate(context.Background(), prepared, func(yield func(*tensor.Tensor, error) bool) {
		yield(hashweights.Images(1, 3, size, 1), nil)
	}, ptq.CalibrateOptions{})
	fatal(err)
	converted, _, err := ptq.Convert(prepared, stats, n)
	fatal(err)
	return converted
}

// Every node on integers of whole models gives the codes of the naive operators,
// for each instruction set, number of threads and batch size, also beyond the
// calibrated range: with reduce_range, codes above 127.
func TestModelsSameOnEveryISA(t *testing.T) {
	size := 64
	if testing.Short() {
		size = 32
	}
	for arch, numerics := range map[string]quant.Numerics{"mobilenet_v2": quant.FBGEMM, "shufflenet_v2_x0_5": quant.FBGEMM, "resnet18": quant.QNNPACK} {
		t.Run(arch, func(t *testing.T) {
			g := quantized(t, arch, numerics, size)
			x := hashweights.Images(2, 3, size, 7)
			for i, v := range x.Float32s() {
				x.Float32s()[i] = v * 1.5
			}
			ref, err := engine.Reference(g)
			if err != nil {
				t.Fatal(err)
			}
			want, logits := codes(t, ref, x)
			if high := slices.Max(want[g.Nodes[0].Output().Name]); high <= 127 {
				t.Errorf("the largest code of the image is %d", high)
			}
			var options []engine.Options
			for _, level := range engine.Levels() {
				options = append(options, engine.Options{Threads: 2, CPU: level})
			}
			for _, threads := range []int{1, 3, 8} {
				options = append(options, engine.Options{Threads: threads})
			}
			for _, o := range options {
				p, err := engine.Compile(g, o)
				if err != nil {
					t.Fatal(err)
				}
				s := p.NewSession()
				got, _ := codes(t, s, x)
				if len(got) < 20 || len(got) != len(want) {
					t.Fatalf("%d nodes on integers, %d of the reference", len(got), len(want))
				}
				for name := range want {
					if !bytes.Equal(got[name], want[name]) {
						t.Errorf("%q with %d threads: %s differs", o.CPU, o.Threads, name)
					}
				}
				// Whole runs, in which nodes are computed together.
				whole := run(t, s, x)
				if !bytes.Equal(whole, logits) {
					t.Errorf("%q with %d threads: whole runs give other logits", o.CPU, o.Threads)
				}
				eight := run(t, s, repeated(x, 4))
				if !bytes.Equal(eight, bytes.Repeat(whole, 4)) {
					t.Errorf("%q with %d threads: a batch of 8 gives other logits", o.CPU, o.Threads)
				}
				one := tensor.Of(x.Float32s()[:x.Numel()/2], append(tensor.Shape{1}, x.Shape()[1:]...)...)
				if !bytes.Equal(run(t, s, one), whole[:len(whole)/2]) {
					t.Errorf("%q with %d threads: a batch of 1 gives other logits", o.CPU, o.Threads)
				}
			}
		})
	}
}

// codes are the results of the nodes on integers, by name, and the logits.
func codes(t *testing.T, e engine.Engine, x *tensor.Tensor) (nodes map[string][]byte, logits []byte) {
	t.Helper()
	nodes = map[string][]byte{}
	y, err := e.RunTapped(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
		if y.DType() != tensor.Float32 {
			nodes[v.Name] = y.Bytes()
		}
		return nil
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	return nodes, y[0].Bytes()
}

func run(t *testing.T, e engine.Engine, x *tensor.Tensor) []byte {
	t.Helper()
	y, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y[0].Bytes()
}

// repeated is a batch of n times the images of x.
func repeated(x *tensor.Tensor, n int) *tensor.Tensor {
	shape := x.Shape().Clone()
	shape[0] *= n
	return tensor.Of(slices.Repeat(x.Float32s(), n), shape...)
}

// Weights of 127 or -128 throughout and activations of 255: what saturates where
// products are added in pairs of 16 bits.
func TestSaturatingOperandsAreExact(t *testing.T) {
	for _, numerics := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN} {
		for _, weight := range []int8{127, -128} {
			r := rand.New(rand.NewPCG(1, uint64(numerics)))
			b := randomgraph.New(r, "extreme", tensor.QUInt8, numerics)
			x := b.Input()
			x.Type.Q = tensor.Affine(1./255, 0)
			wide := b.Conv(x, 3, 64, 3, 1, 1)
			g := b.Finish(b.Conv(x, 3, 48, 3, 2, 1), b.Conv(x, 3, 3, 3, 1, 3),
				b.Conv(wide, 64, 48, 3, 1, 1), b.Conv(wide, 64, 48, 1, 1, 1), b.Conv(wide, 64, 64, 3, 1, 64), b.Conv(wide, 64, 64, 3, 2, 8))
			for _, n := range g.Nodes {
				if _, ok := n.Op.(op.Conv2D); !ok {
					continue
				}
				w := n.Inputs[1].Data.Int8s()
				for i := range w {
					if w[i] = weight; n.Output() == wide {
						w[i] = 127
					}
				}
				n.Output().Type.Q = tensor.Affine(math.Exp(r.Float64()*6-2), int64(r.IntN(256)))
			}
			wide.Type.Q = tensor.Affine(1e-6, 0) // all 255
			image := tensor.New(tensor.Float32, 1, 3, 9, 11)
			for i := range image.Float32s() {
				image.Float32s()[i] = 1
			}
			ref, err := engine.Reference(g)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := codes(t, ref, image)
			if slices.Min(want[wide.Name]) != 255 {
				t.Fatalf("codes of %v", want[wide.Name][:8])
			}
			for _, level := range engine.Levels() {
				p, err := engine.Compile(g, engine.Options{Threads: 2, CPU: level})
				if err != nil {
					t.Fatal(err)
				}
				got, _ := codes(t, p.NewSession(), image)
				for name := range want {
					if !bytes.Equal(got[name], want[name]) {
						t.Errorf("%v, weights of %d, %q: %s differs", numerics, weight, level, name)
					}
				}
			}
		}
	}
}
