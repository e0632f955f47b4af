package qat

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

var everyArch = flag.Bool("every", false, "test every architecture")

// float returns an architecture with hashed weights and its input.
func float(t testing.TB, arch string, batch, size int) (*graph.Graph, *tensor.Tensor) {
	t.Helper()
	return seeded(t, arch, batch, size, 11)
}

// seeded is float with other numbers for every seed.
func seeded(t testing.TB, arch string, batch, size int, seed uint64) (*graph.Graph, *tensor.Tensor) {
	t.Helper()
	g, err := zoo.Build(arch, nil, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	norms := map[string]bool{}
	channels := 0
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok {
			norms[n.Name] = true
		}
		if _, ok := n.Op.(op.Conv2D); ok && channels == 0 {
			channels = n.Inputs[1].Type.Shape[1]
		}
	}
	for _, p := range g.Params {
		module := p.Name[:strings.LastIndexByte(p.Name, '.')]
		p.Data = hashweights.Model{Seed: seed}.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
	return g, hashweights.Images(batch, channels, size, seed+4)
}

func own(t testing.TB, g *graph.Graph, n quant.Numerics, bits int) *Model {
	t.Helper()
	config, err := quant.ParseQConfig("octet_qat", n)
	if err == nil {
		config.Weight, err = config.Weight.WithBits(bits)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := Prepare(g, Options{Numerics: n, QConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// train takes steps of plain gradient descent and returns the last loss. Steps are no
// longer than rate: where few bits make a channel constant, batch norms multiply its
// gradient by hundreds, one after the other.
func train(t testing.TB, m *Model, x *tensor.Tensor, steps int, rate float32) (loss float64) {
	t.Helper()
	for range steps {
		logits, err := m.Forward(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		labels := make([]int, x.Dim(0))
		for i := range labels {
			labels[i] = i
		}
		if loss, err = (autodiff.Loss{}).Gradient(m.Gradient(), logits, labels, nil); err != nil {
			t.Fatal(err)
		}
		if err := m.Backward(context.Background()); err != nil {
			t.Fatal(err)
		}
		step := rate / float32(max(1, gradientNorm(t, m)))
		for _, p := range m.Params() {
			for i, g := range p.Grad {
				p.Data[i] -= step * g
			}
		}
	}
	return loss
}

// gradientNorm is the length of the gradient of all parameters.
func gradientNorm(t testing.TB, m *Model) float64 {
	t.Helper()
	var squares float64
	for _, p := range m.Params() {
		for _, g := range p.Grad {
			if g != g {
				t.Fatalf("gradient of %s is NaN", p.Name)
			}
			squares += float64(g) * float64(g)
		}
	}
	return math.Sqrt(squares)
}

// What training computes once statistics are frozen is, in every element of every
// layer, what the operators' own evaluation of the converted graph gives: for a
// network of every family, and with -every for every architecture.
func TestFrozenForwardIsTheConvertedModel(t *testing.T) {
	r := testseed.Rand(t)
	both := []quant.Numerics{quant.FBGEMM, quant.QNNPACK}
	check := func(arch string, g *graph.Graph, x *tensor.Tensor, n quant.Numerics) {
		bits := []int{8, 8, 6, 4}[r.IntN(4)]
		t.Run(fmt.Sprintf("%s %v %d bits", arch, n, bits), func(t *testing.T) {
			m := own(t, g, n, bits)
			train(t, m, x, 2, 0.01)
			if err := m.FreezeNorms(); err != nil {
				t.Fatal(err)
			}
			train(t, m, x, 2, 0.01)
			checkAgreement(t, m, x)
		})
	}
	// Networks of the large families take seconds: they get one backend a run, and of
	// the two largest one has its turn.
	quick := []string{"fashion_resnet8", "fashion_mobilenet", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5"}
	slow := []string{"resnet18", "googlenet", []string{"resnext50_32x4d", "inception_v3"}[r.IntN(2)]}
	switch {
	case *everyArch:
		quick, slow = nil, nil
		for _, a := range zoo.Architectures() {
			quick = append(quick, a.Name)
		}
	case testing.Short():
		quick, slow = quick[:2], nil
	}
	for _, arch := range append(quick, slow...) {
		size := 32 + r.IntN(2)
		if strings.HasPrefix(arch, "inception") {
			size = 80
		}
		g, x := seeded(t, arch, 3, size, r.Uint64())
		if slices.Contains(slow, arch) {
			check(arch, g, x, both[r.IntN(2)])
			continue
		}
		for _, n := range both {
			check(arch, g, x, n)
		}
	}
	for _, arch := range []string{"fashion_resnet8", "fashion_mobilenet"} {
		g, x := seeded(t, arch, 3, 28, r.Uint64())
		trained(t, g, arch)
		for _, n := range both {
			check("trained "+arch, g, x, n)
		}
	}
}

// trained gives a network the demo's parameters.
func trained(t *testing.T, g *graph.Graph, arch string) {
	t.Helper()
	ckpt, err := torch.Open("../../cmd/octet/demodata/" + arch + ".pth")
	if err != nil {
		t.Fatal(err)
	}
	defer ckpt.Close()
	sd, err := ckpt.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.Params {
		v, ok := sd.Tensor(p.Name)
		if !ok || !v.Shape().Equal(p.Data.Shape()) {
			t.Fatalf("%s is not in the demo's file", p.Name)
		}
		p.Data = v
	}
}

// checkAgreement compares a forward pass of training with the reference engine.
func checkAgreement(t *testing.T, m *Model, x *tensor.Tensor) {
	t.Helper()
	converted, _, err := m.Convert()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][]byte{}
	m.frozen.look = func(v *graph.Value, s engine.Seen) error {
		if s.Codes != nil {
			seen[v.Name] = bytes.Clone(s.Codes)
		}
		return nil
	}
	defer func() { m.frozen.look = nil }()
	if _, err := m.Forward(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	reference, err := engine.Reference(converted)
	if err != nil {
		t.Fatal(err)
	}
	layers, elements := 0, 0
	_, err = reference.RunTapped(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
		if y.DType() != tensor.QUInt8 {
			return nil
		}
		want := y.Uint8s()
		if s := y.Shape(); len(s) == 4 {
			want = make([]uint8, y.Numel())
			layout.Transpose(want, y.Uint8s(), s[0], s[1], s[2]*s[3])
		}
		if !slices.Equal(seen[v.Name], want) {
			t.Errorf("%s: the forward pass of training differs from the converted model", v.Name)
		}
		layers, elements = layers+1, elements+len(want)
		return nil
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	if layers < 10 || layers != len(seen) {
		t.Errorf("%d layers compared, training computed %d on integers", layers, len(seen))
	}
	t.Logf("%d elements of %d layers agree", elements, layers)
}

// The gradients at codes are near those of the float network wherever rounding is.
func TestFrozenGradientsFollowFloat(t *testing.T) {
	g, x := float(t, "fashion_resnet8", 8, 28)
	m := own(t, g, quant.FBGEMM, 8)
	train(t, m, x, 80, 0) // running statistics become those of the batch
	if err := m.FreezeNorms(); err != nil {
		t.Fatal(err)
	}
	p, err := autodiff.Compile(m.Graph(), autodiff.Options{FrozenNorms: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Step(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	logits, err := s.Forward(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]int, x.Dim(0))
	if _, err := (autodiff.Loss{}).Gradient(s.Gradient(), logits, labels, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Backward(context.Background()); err != nil {
		t.Fatal(err)
	}
	at, err := m.Forward(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (autodiff.Loss{}).Gradient(m.Gradient(), at, labels, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.Backward(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, q := range m.Params() {
		if c := cosine(q.Grad, p.Params()[i].Grad); !(c > 0.97) {
			t.Errorf("%s: the cosine of the gradients at codes and in float is %.3f", q.Name, c)
		}
	}
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+float64(a[i])*float64(b[i]), aa+float64(a[i])*float64(a[i]), bb+float64(b[i])*float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// A state dict of training, read back, gives the same model.
func TestStateDictRoundTrip(t *testing.T) {
	for _, compatible := range []bool{true, false} {
		g, x := float(t, "mobilenet_v3_small", 4, 32)
		name := "octet_qat"
		if compatible {
			name = "default_qat"
		}
		config, err := quant.ParseQConfig(name, quant.QNNPACK)
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Numerics: quant.QNNPACK, QConfig: config, Compatible: compatible}
		m, err := Prepare(g, opts)
		if err != nil {
			t.Fatal(err)
		}
		train(t, m, x, 2, 0.01)
		sd, err := m.StateDict()
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := torch.Write(&file, sd); err != nil {
			t.Fatal(err)
		}
		ckpt, err := torch.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "memory")
		if err != nil {
			t.Fatal(err)
		}
		read, err := ckpt.StateDict("")
		if err != nil {
			t.Fatal(err)
		}
		again, err := Prepare(g, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Load(read); err != nil {
			t.Fatal(err)
		}
		a, b := train(t, m, x, 2, 0.01), train(t, again, x, 2, 0.01)
		if a != b {
			t.Errorf("compatible %v: loss %v, behind the round trip %v", compatible, a, b)
		}
	}
}
