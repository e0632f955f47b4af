package observe

import (
	"math"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// mse searches the range whose codes have the least mean squared error over the
// values seen. The error of a bin is integrated exactly, its values being taken to
// be spread evenly over it: rounding inside the range, clipping outside.
type mse struct{ mergeable }

func newMSE(b base) (Observer, error) {
	m, err := openMergeable(b)
	return &mse{m}, err
}

// QParams derives the parameters from the range of least error.
func (o *mse) QParams() (*tensor.QParams, error) { return o.searched(o.error) }

// Through is for values of which nothing but f is computed.
func (o *mse) Through(f func(float32) float32) (*tensor.QParams, error) {
	return o.searched(o.through(f).error)
}

// Widened is for values of which too few were seen to tell where they end.
func (o *mse) Widened(by float32) (*tensor.QParams, error) {
	if len(o.counts) == 0 {
		return o.affine(o.lo, o.hi)
	}
	return o.affine(o.lo*(1+by), o.hi*(1+by))
}

// searched derives the parameters from the range of which err is least.
func (o *mse) searched(err func(lo, hi float32) float64) (*tensor.QParams, error) {
	if len(o.counts) == 0 {
		return o.affine(o.lo, o.hi)
	}
	if _, err := o.affine(o.lo, o.hi); err != nil {
		return nil, err
	}
	lo, hi := o.clip(err)
	return o.affine(min(lo, 0), max(hi, 0)) // a range of codes contains zero anyway
}

// clip tries ranges with both ends cut by shares on a coarse grid, then moves the
// ends of the best one by one on finer grids as long as that lowers the error. A
// symmetric scheme has one end: the larger magnitude.
func (o *mse) clip(of func(lo, hi float32) float64) (lo, hi float32) {
	const coarse, finer = 16, 8
	best := math.Inf(1)
	var cut [2]float64 // share that is cut off the lower and the upper end
	try := func(share [2]float64) bool {
		if share[0] < 0 || share[0] >= 1 || share[1] < 0 || share[1] >= 1 {
			return false
		}
		e := of(o.cut(share))
		if e < best {
			best, cut = e, share
			return true
		}
		return false
	}
	ends := o.ends()
	for i := range coarse {
		share := [2]float64{}
		share[ends[0]] = float64(i) / coarse
		for j := range coarse {
			if share[ends[len(ends)-1]] = float64(j) / coarse; len(ends) == 2 || i == 0 {
				try(share)
			}
		}
	}
	for step := 1.0 / coarse / finer; step > 1e-4; step /= finer {
		for improved := true; improved; {
			improved = false
			for _, end := range ends {
				from := cut
				for k := -finer; k <= finer; k++ {
					share := from
					share[end] += float64(k) * step
					improved = try(share) || improved
				}
			}
		}
	}
	return o.cut(cut)
}

// ends are the ends of the range that can be moved: those beyond zero.
func (o *mse) ends() []int {
	switch {
	case o.full.QScheme.IsSymmetric() || o.lo >= 0:
		return []int{1}
	case o.hi <= 0:
		return []int{0}
	default:
		return []int{0, 1}
	}
}

// cut is the range without the given shares of its ends.
func (o *mse) cut(share [2]float64) (lo, hi float32) {
	if o.full.QScheme.IsSymmetric() {
		largest := max(-o.lo, o.hi)
		end := float32(float64(largest) * (1 - share[1]))
		return -end, end
	}
	return float32(float64(o.lo) * (1 - share[0])), float32(float64(o.hi) * (1 - share[1]))
}

// error is the sum of the squared errors with the codes of the range lo..hi.
func (o *mse) error(lo, hi float32) float64 {
	scale, zero, err := quant.CalculateQParams(min(lo, 0), max(hi, 0), o.full.QScheme, o.full.DType, o.codes, o.full.Eps)
	if err != nil || math.IsInf(scale, 0) {
		return math.Inf(1)
	}
	// In units of the scale, the codes cover from..to and rounding is to integers.
	from, to := float64(o.codes.Min-zero), float64(o.codes.Max-zero)
	width := math.Ldexp(1, o.exp) / scale
	var sum float64
	for i, c := range o.counts {
		if c != 0 {
			a := o.edge(i) / scale
			sum += float64(float64(c) * meanSquare(a, a+width, from, to))
		}
	}
	return float64(sum*scale) * scale
}

// meanSquare is the mean of (x - code(x))^2 over a..b, where code rounds to the
// nearest integer within from..to.
func meanSquare(a, b, from, to float64) float64 {
	var sum float64
	if a < from {
		sum += cube(from-a) - cube(from-min(b, from))
	}
	if b > to {
		sum += cube(b-to) - cube(max(a, to)-to)
	}
	sum /= 3
	if l, r := max(a, from), min(b, to); l < r {
		sum += sawtooth(r) - sawtooth(l)
	}
	return sum / (b - a)
}

// sawtooth is an antiderivative of (x - rne(x))^2.
func sawtooth(x float64) float64 {
	n := math.RoundToEven(x)
	return n/12 + cube(x-n)/3
}

func cube(x float64) float64 { return float64(float64(x*x) * x) }

// Merge adds the counts of other.
func (o *mse) Merge(other Observer) error {
	p, err := peer(o, other)
	if err == nil {
		o.add(&p.mergeable)
	}
	return err
}
