package qat

import (
	"bytes"
	"context"
	"flag"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/autodiff"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/kernel/layout"
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
		p.Data = hashweights.Model{Seed: 11}.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
	return g, hashweights.Images(batch, channels, size, 4)
}

func own(t testing.TB, g *graph.Graph, n quant.Numerics) *Model {
	t.Helper()
	config, err := quant.ParseQConfig("octet_qat", n)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Prepare(g, Options{Numerics: n, QConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// train takes steps of plain gradient descent and returns the last loss.
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
		for _, p := range m.Params() {
			for i, g := range p.Grad {
				if g != g {
					t.Fatalf("gradient of %s is NaN", p.Name)
				}
				p.Data[i] -= rate * g
			}
		}
	}
	return loss
}

// What training computes once statistics are frozen is, in every element of every
// layer, what the operators' own evaluation of the converted graph gives.
func TestFrozenForwardIsTheConvertedModel(t *testing.T) {
	archs := []string{"fashion_resnet8", "mobilenet_v2", "shufflenet_v2_x0_5"}
	if *everyArch {
		archs = nil
		for _, a := range zoo.Architectures() {
			archs = append(archs, a.Name)
		}
	} else if testing.Short() {
		archs = archs[:1]
	} else {
		archs = append(archs, "mobilenet_v3_small")
	}
	for _, arch := range archs {
		for _, numerics := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK} {
			t.Run(arch+" "+numerics.String(), func(t *testing.T) {
				size := 32
				if strings.HasPrefix(arch, "inception") {
					size = 96
				}
				g, x := float(t, arch, 3, size)
				m := own(t, g, numerics)
				train(t, m, x, 2, 0.01)
				if err := m.FreezeNorms(); err != nil {
					t.Fatal(err)
				}
				train(t, m, x, 2, 0.01)
				checkAgreement(t, m, x)
			})
		}
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
	m := own(t, g, quant.FBGEMM)
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
