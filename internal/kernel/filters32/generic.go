package filters32

import "github.com/octet-ml/octet/internal/kernel"

// portable is plain Go.
var portable = Kernel{Row: kernel.Row{Name: "filters_f32_go", ISA: "go"}, filter: goFilter, weights: goWeights}

func goFilter(f *Filter) {
	for m := f.M0; m < f.M1; m++ {
		out := f.Out[m*f.C : (m+1)*f.C]
		if !f.Add {
			clear(out)
		}
		for t := range f.Taps {
			w := f.W[t*f.C:][:len(out)]
			for c, v := range f.tap(m, t)[:len(out)] {
				out[c] += float32(v * w[c])
			}
		}
	}
}

func goWeights(w *Weights) {
	for m := w.M0; m < w.M1; m++ {
		y := w.Y[m*w.C : (m+1)*w.C]
		for t := range w.Taps {
			out := w.Out[t*w.C:][:len(y)]
			for c, v := range w.tap(m, t)[:len(y)] {
				out[c] += float32(v * y[c])
			}
		}
	}
}
