package channels32

import "github.com/octet-ml/octet/internal/kernel"

// portable is plain Go.
var portable = Kernel{
	Row:   kernel.Row{Name: "channels_f32_go", ISA: "go"},
	stats: goStats, finish: FinishReference, reduce: goReduce, apply: goApply, learn: goLearn, decode: DecodeReference,
}

func goStats(x []float32, rows int, s *Stats) {
	for m := range rows {
		for c, v := range x[m*s.C : (m+1)*s.C] {
			d := v - s.Shift[c]
			s.Sum[c] += d
			s.Square[c] += float32(d * d)
			if v < s.Smallest[c] {
				s.Smallest[c] = v
			}
			if v > s.Largest[c] {
				s.Largest[c] = v
			}
		}
	}
}

func goReduce(r *Reduce) {
	for m := range r.Rows {
		for c, g := range r.Up[m*r.C : (m+1)*r.C] {
			if !passes(r.Mask, m, r.C, c) {
				continue
			}
			r.Sum[c] += g
			if r.X != nil {
				r.SumX[c] += float32(g * (r.X[m*r.C+c] - r.Mean[c]))
			}
		}
	}
}

func goApply(a *Apply) {
	for m := range a.Rows {
		for c := range a.C {
			i := m*a.C + c
			v := a.K[c]
			if a.X != nil {
				v += float32(a.B[c] * a.X[i])
			}
			if passes(a.Mask, m, a.C, c) {
				v += float32(a.A[c] * a.Up[i])
			}
			if a.Add {
				v += a.Out[i]
			}
			a.Out[i] = v
		}
	}
}

func goLearn(l *Learn) {
	for m := range l.Rows {
		for c, g := range l.Up[m*l.C : (m+1)*l.C] {
			steps, cut := l.steps(l.X[m*l.C+c], c)
			l.Steps[c] += float32(g * steps)
			if cut {
				l.Cut[c] += g
			}
		}
	}
}
