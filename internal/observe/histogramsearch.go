package observe

import (
	"errors"
	"math"
)

// targetBins is the number of codes that PyTorch's search assumes, whatever the
// range of codes is.
const targetBins = 256

func (o *histogram) badDType() error {
	return errors.New("the search is made for 8-bit codes: use a minmax observer for qint32")
}

// search finds the range that PyTorch's non-linear search finds: it cuts bins off
// both ends as long as the quantization error falls. Mirrors float32, float64 and
// comparison order.
func (o *histogram) search() (lo, hi float32) {
	bins := o.full.Bins
	total := float64(torchSum(o.counts))
	cumulative := o.cumulative()
	const step = 1e-5
	alpha, beta := 0.0, 1.0
	start, end := 0, bins-1
	best := math.Inf(1)
	e := o.newErrorEstimate()
	for alpha < beta {
		nextAlpha, nextBeta := alpha+step, beta-step
		below, above := float32(nextAlpha*total), float32(nextBeta*total)
		l, r := start, end
		for l < end && cumulative[l] < below {
			l++
		}
		for r > start && cumulative[r] > above {
			r--
		}
		nextStart, nextEnd := start, end
		if l-start > end-r {
			nextStart, alpha = l, nextAlpha
		} else {
			nextEnd, beta = r, nextBeta
		}
		if nextStart == start && nextEnd == end {
			continue
		}
		norm := e.of(nextStart, nextEnd)
		if norm > best {
			break
		}
		best, start, end = norm, nextStart, nextEnd
	}
	width := (o.hi - o.lo) / float32(bins)
	return o.lo + float32(width*float32(start)), o.lo + float32(width*float32(end+1))
}

// cumulative is torch.cumsum: float64 sums, each rounded to float32.
func (o *histogram) cumulative() []float32 {
	out := make([]float32, len(o.counts))
	var sum float64
	for i, c := range o.counts {
		sum += float64(c)
		out[i] = float32(sum)
	}
	return out
}

// errorEstimate computes the squared quantization error of a choice of bins.
type errorEstimate struct {
	width   float64   // of a bin
	density []float32 // count over width
	norms   []float32 // scratch: error of every bin
	bounded bool      // no cube overflows float32, so empty bins contribute 0
}

func (o *histogram) newErrorEstimate() *errorEstimate {
	width := (float64(o.hi) - float64(o.lo)) / float64(o.full.Bins)
	e := &errorEstimate{
		width: width, density: make([]float32, len(o.counts)), norms: make([]float32, len(o.counts)),
		bounded: o.hi-o.lo < 1e12 && float32(width) != 0,
	}
	for i, c := range o.counts {
		e.density[i] = c / float32(width)
	}
	return e
}

// of returns the error when bins first..last share all codes, every bin's values
// being spread evenly over it.
func (e *errorEstimate) of(first, last int) float64 {
	target := float64(e.width*float64(last-first+1)) / targetBins
	if target == 0 {
		return 0
	}
	w, tw := float32(e.width), float32(target)
	half, lower := float32(target/2), float32(-target/2)
	// A whole target bin inside a bin: the integral of x^2 between its ends.
	whole := cubes(lower, half)
	for i, d := range e.density {
		if d == 0 && e.bounded {
			e.norms[i] = 0
			continue
		}
		begin := float32(float32(i-first) * w)
		end := begin + w
		bin0, bin1 := targetBin(begin, tw), targetBin(end, tw)
		center0 := float32((bin0 + 0.5) * tw)
		center1 := float32(bin1*tw) + half
		norm := float32(d * cubes(begin-center0, half))
		norm += float32((bin1 - bin0 - 1) * float32(d*whole))
		norm += float32(d * cubes(lower, end-center1))
		e.norms[i] = norm
	}
	return float64(torchSum(e.norms))
}

// cubes is (q^3 - p^3) / 3, the integral of x^2 from p to q.
func cubes(p, q float32) float32 {
	return (float32(float32(q*q)*q) - float32(float32(p*p)*p)) / 3
}

// targetBin is the target bin that x lies in, limited to the first and the last.
// The quotient of two float32 in float64 is never rounded up to a whole number, so
// its integral part is PyTorch's floor division.
func targetBin(x, width float32) float32 {
	q := float64(x) / float64(width)
	switch {
	case q != q:
		return float32(math.NaN())
	case q <= 0:
		return 0
	case q >= targetBins-1:
		return targetBins - 1
	}
	return float32(int32(q))
}
