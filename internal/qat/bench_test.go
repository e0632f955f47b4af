package qat

import (
	"context"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/quant"
)

// BenchmarkStep is a step of training, without the optimiser, on a batch of 16
// images of 224x224: while batch norms train, and once they are frozen.
func BenchmarkStep(b *testing.B) {
	for _, arch := range []string{"mobilenet_v2", "resnet18"} {
		for _, threads := range []int{1, 2} {
			for _, way := range []string{"compatible", "own", "frozen"} {
				b.Run(fmt.Sprintf("%s/threads=%d/%s", arch, threads, way), func(b *testing.B) {
					g, x := float(b, arch, 16, 224)
					name := "octet_qat"
					if way == "compatible" {
						name = "default_qat"
					}
					config, err := quant.ParseQConfig(name, quant.FBGEMM)
					if err != nil {
						b.Fatal(err)
					}
					m, err := Prepare(g, Options{Numerics: quant.FBGEMM, QConfig: config, Compatible: way == "compatible", Threads: threads})
					if err != nil {
						b.Fatal(err)
					}
					step(b, m, x.Dim(0), func() ([]float32, error) { return m.Forward(context.Background(), x) })
					if way == "frozen" {
						if err := m.FreezeNorms(); err != nil {
							b.Fatal(err)
						}
						step(b, m, x.Dim(0), func() ([]float32, error) { return m.Forward(context.Background(), x) })
					}
					for b.Loop() {
						step(b, m, x.Dim(0), func() ([]float32, error) { return m.Forward(context.Background(), x) })
					}
					b.ReportMetric(float64(m.Bytes())/1e6, "MB")
				})
			}
		}
	}
}

func step(b *testing.B, m *Model, batch int, forward func() ([]float32, error)) {
	b.Helper()
	logits, err := forward()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := (autodiff.Loss{}).Gradient(m.Gradient(), logits, make([]int, batch), nil); err != nil {
		b.Fatal(err)
	}
	if err := m.Backward(context.Background()); err != nil {
		b.Fatal(err)
	}
}
