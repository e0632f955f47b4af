package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/pixels8"
)

// checkPixels compares the kernels that decode and resize images, which are no nodes, with their
// reference.
func (s *selfTest) checkPixels(r *rand.Rand) {
	for i := range pixels8.Table {
		k := &pixels8.Table[i]
		if !k.RunsOn(cpu.Host()) {
			continue
		}
		n := 1 + r.IntN(200)
		got, size := pixels8.Draw(r, k.Function, n)
		want := got
		got.Out, want.Out = make([]uint8, size), make([]uint8, size)
		k.Run(&got)
		pixels8.Reference(&want, k.Function)
		s.Kernels[k.Name]++
		if !bytes.Equal(got.Out, want.Out) {
			s.Failures = append(s.Failures, fmt.Sprintf("kernel %s on %d blocks, samples or pixels", k.Name, n))
		}
	}
}
