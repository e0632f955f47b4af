package channels32

import "math"

// StatsReference is Stats in float64.
func StatsReference(x []float32, rows int, s *Stats) {
	for c := range s.C {
		s.Shift[c], s.Smallest[c], s.Largest[c] = x[c], x[c], x[c]
		var sum, square float64
		for m := range rows {
			v := x[m*s.C+c]
			d := float64(v) - float64(s.Shift[c])
			sum += d
			square += float64(d * d)
			s.Smallest[c], s.Largest[c] = min(s.Smallest[c], v), max(s.Largest[c], v)
		}
		s.Sum[c], s.Square[c] = float32(sum), float32(square)
	}
}

// FinishReference is Finish, one number at a time.
func FinishReference(f *Finish) {
	for m := range f.Rows {
		clear(f.Mask[m*MaskStride(f.C) : (m+1)*MaskStride(f.C)])
		for c := range f.C {
			v := float32(f.X[m*f.C+c]*f.Alpha[c]) + f.Beta[c]
			pass := v > f.Lo && v < f.Hi
			if v < f.Lo {
				v = f.Lo
			}
			if v > f.Hi {
				v = f.Hi
			}
			if f.Quant {
				t := float32(math.RoundToEven(float64(float32(v*f.Inv[c])))) + f.Zero[c]
				pass = pass && t >= f.QMin && t <= f.QMax
				if !(t >= f.QMin) {
					t = f.QMin
				}
				if t > f.QMax {
					t = f.QMax
				}
				v = float32((t - f.Zero[c]) * f.Scale[c])
			}
			f.Out[m*f.C+c] = v
			if pass {
				f.Mask[m*MaskStride(f.C)+c/8] |= 1 << (c % 8)
			}
		}
	}
}

// ReduceReference is Reduce in float64.
func ReduceReference(r *Reduce) {
	for c := range r.C {
		sum, sumX := float64(r.Sum[c]), float64(r.SumX[c])
		for m := range r.Rows {
			if i := m*r.C + c; passes(r.Mask, m, r.C, c) {
				sum += float64(r.Up[i])
				if r.X != nil {
					sumX += float64(r.Up[i]) * (float64(r.X[i]) - float64(r.Mean[c]))
				}
			}
		}
		r.Sum[c], r.SumX[c] = float32(sum), float32(sumX)
	}
}

// ApplyReference is Apply in float64.
func ApplyReference(a *Apply) {
	for m := range a.Rows {
		for c := range a.C {
			i := m*a.C + c
			v := float64(a.K[c])
			if passes(a.Mask, m, a.C, c) {
				v += float64(a.A[c]) * float64(a.Up[i])
			}
			if a.X != nil {
				v += float64(a.B[c]) * float64(a.X[i])
			}
			if a.Add {
				v += float64(a.Out[i])
			}
			a.Out[i] = float32(v)
		}
	}
}

// DecodeReference is Decode, one code at a time.
func DecodeReference(d *Decode) {
	stride := MaskStride(d.C)
	for m := range d.Rows {
		mask := d.Mask[m*stride : (m+1)*stride]
		clear(mask)
		out := d.Out[m*d.C : (m+1)*d.C]
		for c, code := range d.Codes[m*d.C : (m+1)*d.C] {
			out[c] = float32((float32(code) - d.Zero) * d.Scale)
			if int32(code) > d.Lo && int32(code) < d.Hi {
				mask[c/8] |= 1 << (c % 8)
			}
		}
	}
}

// LearnReference is Learn with accumulators in float64.
func LearnReference(l *Learn) {
	for c := range l.C {
		steps, cut := float64(l.Steps[c]), float64(l.Cut[c])
		for m := range l.Rows {
			g := float64(l.Up[m*l.C+c])
			d, off := l.steps(l.X[m*l.C+c], c)
			steps += g * float64(d)
			if off {
				cut += g
			}
		}
		l.Steps[c], l.Cut[c] = float32(steps), float32(cut)
	}
}

// steps is the code of x as a distance from zero, less x's own unless it was cut
// off.
func (l *Learn) steps(x float32, c int) (d float32, cut bool) {
	v := float32(x*l.Alpha[c]) + l.Beta[c]
	v = float32(max(l.Lo, min(v, l.Hi)) * l.Inv[c])
	t := float32(math.RoundToEven(float64(v + l.Zero[c])))
	cut = t < l.QMin || t > l.QMax
	d = max(l.QMin, min(t, l.QMax)) - l.Zero[c]
	if !cut {
		d -= v
	}
	return d, cut
}
