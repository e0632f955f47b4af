package filters32

// FilterReference is Filter in float64.
func FilterReference(f *Filter) {
	for m := f.M0; m < f.M1; m++ {
		for c := range f.C {
			sum := 0.0
			if f.Add {
				sum = float64(f.Out[m*f.C+c])
			}
			for t := range f.Taps {
				sum += float64(f.tap(m, t)[c]) * float64(f.W[t*f.C+c])
			}
			f.Out[m*f.C+c] = float32(sum)
		}
	}
}

// WeightsReference is Weights in float64.
func WeightsReference(w *Weights) {
	for t := range w.Taps {
		for c := range w.C {
			sum := float64(w.Out[t*w.C+c])
			for m := w.M0; m < w.M1; m++ {
				sum += float64(w.tap(m, t)[c]) * float64(w.Y[m*w.C+c])
			}
			w.Out[t*w.C+c] = float32(sum)
		}
	}
}
