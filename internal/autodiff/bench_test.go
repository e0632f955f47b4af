package autodiff

import (
	"context"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/zoo"
)

// BenchmarkStep is forward and backward of a batch of 16 images of 224x224.
func BenchmarkStep(b *testing.B) {
	for _, arch := range []string{"mobilenet_v2", "resnet18"} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", arch, threads), func(b *testing.B) {
				g := bound(b, arch, zoo.Quantizable)
				p, err := Compile(g, Options{Threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				x := hashweights.Images(16, 3, 224, 1)
				s, err := p.Step(x.Shape())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(s.Bytes())/1e6, "MB")
				for b.Loop() {
					if _, err := s.Forward(context.Background(), x); err != nil {
						b.Fatal(err)
					}
					for i := range s.Gradient() {
						s.Gradient()[i] = float32(i%7) - 3
					}
					if err := s.Backward(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
