package engine_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/rewrite"
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

// Every node on integers of whole models gives the same codes for each
// instruction set and number of threads, also beyond the calibrated range.
func TestModelsSameOnEveryISA(t *testing.T) {
	size := 64
	if testing.Short() {
		size = 32
	}
	for arch, numerics := range map[string]quant.Numerics{"mobilenet_v2": quant.FBGEMM, "resnet18": quant.QNNPACK} {
		g := quantized(t, arch, numerics, size)
		x := hashweights.Images(2, 3, size, 7)
		for i, v := range x.Float32s() {
			x.Float32s()[i] = v * 1.5
		}
		var want map[string][]byte
		for _, o := range []engine.Options{
			{Threads: 1, CPU: "none"}, {Threads: 1, CPU: "avx2+fma"}, {Threads: 2, CPU: "avx2+fma"},
			{Threads: 1, CPU: "avx2+fma+avx512"}, {Threads: 1}, {Threads: 3},
		} {
			if f, err := cpu.Parse(o.CPU); err != nil || !cpu.Host().Has(f) {
				continue
			}
			p, err := engine.Compile(g, o)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]byte{}
			_, err = p.NewSession().RunTapped(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
				if y.DType() != tensor.Float32 {
					got[v.Name] = y.Bytes()
				}
				return nil
			}, x)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
				continue
			}
			if len(got) < 20 || len(got) != len(want) {
				t.Fatalf("%s: %d nodes on integers, %d before", arch, len(got), len(want))
			}
			for name := range want {
				if !bytes.Equal(got[name], want[name]) {
					t.Errorf("%s on %q with %d threads: %s differs", arch, o.CPU, o.Threads, name)
				}
			}
		}
	}
}
