package autodiff

import (
	"github.com/octet-ml/octet/internal/kernel/channels32"
)

// stats collects mean, variance and extremes of each channel of an activation, in
// pieces, by the cell that computes it or the one that finishes it.
type stats struct {
	*Step
	y      *value
	parts  ranges
	mem    *buffer // [parts][5][channels]
	wanted func() bool

	mean, square []float64 // combined; square is the sum of squares around the mean
	lo, hi       []float32
}

func (b *builder) newStats(y *value, parts ranges) *stats {
	n := channels32.Padded(y.channels)
	return &stats{
		Step: b.Step, y: y, parts: parts, mem: b.scratch(4*parts.count*5*n, true, false), wanted: func() bool { return false },
		mean: make([]float64, y.channels), square: make([]float64, y.channels), lo: make([]float32, y.channels), hi: make([]float32, y.channels),
	}
}

// part returns the statistics of piece i.
func (s *stats) part(i int) channels32.Stats {
	n := channels32.Padded(s.y.channels)
	m := s.mem.floats()[i*5*n : (i+1)*5*n]
	return channels32.Stats{C: s.y.channels, Shift: m[:n], Sum: m[n : 2*n], Square: m[2*n : 3*n], Smallest: m[3*n : 4*n], Largest: m[4*n:]}
}

// collect computes the statistics of piece i, which has just been computed itself.
func (s *stats) collect(i int) {
	from, to := s.parts.bounds(i)
	p := s.part(i)
	s.p.channels.Stats(s.y.data.floats()[from*s.y.channels:to*s.y.channels], to-from, &p)
}

// combine joins the pieces, in order.
func (s *stats) combine() {
	total := 0.0
	for i := range s.parts.count {
		from, to := s.parts.bounds(i)
		p, n := s.part(i), float64(to-from)
		for c := range s.mean {
			sum := float64(p.Sum[c])
			mean, square := float64(p.Shift[c])+sum/n, float64(p.Square[c])-float64(sum*sum)/n
			if i == 0 {
				s.mean[c], s.square[c], s.lo[c], s.hi[c] = mean, square, p.Smallest[c], p.Largest[c]
				continue
			}
			d := mean - s.mean[c]
			s.mean[c] += d * n / (total + n)
			s.square[c] += square + float64(d*d)*total*n/(total+n)
			s.lo[c], s.hi[c] = min(s.lo[c], p.Smallest[c]), max(s.hi[c], p.Largest[c])
		}
		total += n
	}
}

// variance is that of the population.
func (s *stats) variance(c int) float64 { return max(0, s.square[c]) / float64(s.y.rows) }

// finished is the range of all channels after multiplier, offset and clamp, which are
// monotone: to the bit the range of what the pass computes before it quantizes.
func (s *stats) finished(f *channels32.Finish) (lo, hi float32) {
	at := func(x float32, c int) float32 {
		return max(f.Lo, min(float32(x*f.Alpha[c])+f.Beta[c], f.Hi))
	}
	lo, hi = at(s.lo[0], 0), at(s.lo[0], 0)
	for c := range s.lo {
		a, b := at(s.lo[c], c), at(s.hi[c], c)
		lo, hi = min(lo, a, b), max(hi, a, b)
	}
	return lo, hi
}
