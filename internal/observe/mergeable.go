package observe

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// mergeable is a histogram whose bins are 2^exp wide and start at multiples of
// 2^exp. The exponent is the smallest with which all values fit into the bins, so
// that it, and every count, depends on the values alone: however they were
// ordered, batched and sharded, the state is the same. Widening the bins joins
// pairs of them, exactly.
//
// Infinite values are left out and counted; NaN is an error.
type mergeable struct {
	minMax
	exp     int      // width of a bin is 2^exp
	first   int64    // bin i holds the values in (first+i)*2^exp up to the next
	counts  []uint64 // empty before the first value
	skipped uint64   // infinite values
}

// finestRatio keeps bin numbers below 2^40: bins are at least 2^-40 of the
// largest magnitude.
const finestRatio = 40

func newMergeable(b base) (Observer, error) {
	o, err := openMergeable(b)
	return &o, err
}

func openMergeable(b base) (mergeable, error) {
	o := mergeable{minMax: minMax{base: b}}
	o.reset()
	return o, o.prepare(false)
}

func (o *mergeable) Observe(x []float32, shape tensor.Shape) error {
	if err := o.checkBatch(x, shape); err != nil || len(x) == 0 {
		return err
	}
	values, lo, hi, err := o.finiteRange(x)
	if err != nil {
		return err
	}
	o.skipped += uint64(len(x) - len(values))
	if len(values) == 0 {
		return nil
	}
	o.include(lo, hi)
	o.widen()
	o.count(values)
	return nil
}

// count files values that lie within the bins.
func (o *mergeable) count(x []float32) {
	unit := math.Ldexp(1, -o.exp)
	for _, v := range x {
		o.counts[floor(float64(v)*unit)-o.first]++
	}
}

// floor is exact: scaling by a power of two loses nothing, and numbers here are
// below 2^41, so the plain conversion is the same on every machine.
func floor(v float64) int64 { return int64(math.Floor(v)) }

// widen makes the bins fit the range lo..hi.
func (o *mergeable) widen() {
	exp := exponentFor(o.lo, o.hi, o.full.Bins)
	first, last := binOf(o.lo, exp), binOf(o.hi, exp)
	if exp == o.exp && first == o.first && int(last-first) == len(o.counts)-1 {
		return
	}
	counts := make([]uint64, last-first+1)
	shift := exp - o.exp
	for i, c := range o.counts {
		if c != 0 { // an empty bin may lie outside: only values decide the range
			counts[(o.first+int64(i))>>shift-first] += c
		}
	}
	o.exp, o.first, o.counts = exp, first, counts
}

func binOf(v float32, exp int) int64 { return floor(float64(v) * math.Ldexp(1, -exp)) }

// exponentFor is the smallest exponent with which lo..hi takes at most bins bins.
func exponentFor(lo, hi float32, bins int) int {
	largest := math.Max(math.Abs(float64(lo)), math.Abs(float64(hi)))
	if largest == 0 {
		return -149 // the spacing of the smallest float32
	}
	exp := max(math.Ilogb(largest)-finestRatio+1, -149)
	for binOf(hi, exp)-binOf(lo, exp) >= int64(bins) {
		exp++
	}
	return exp
}

// total is the number of values in the bins.
func (o *mergeable) total() uint64 {
	var n uint64
	for _, c := range o.counts {
		n += c
	}
	return n
}

// edge is where bin i starts.
func (o *mergeable) edge(i int) float64 { return math.Ldexp(float64(o.first+int64(i)), o.exp) }

// Binned is implemented by the kinds that count values in bins of equal width:
// MergeableHistogram, Percentile and MSE.
type Binned interface {
	Observer
	// Bins returns what was counted: bin i holds the values from start + i*width
	// up to the next bin. There are no bins before the first value.
	Bins() (start, width float64, counts []uint64)
}

// Bins returns the counts.
func (o *mergeable) Bins() (start, width float64, counts []uint64) {
	return o.edge(0), math.Ldexp(1, o.exp), slices.Clone(o.counts)
}

// Merge adds the counts of other.
func (o *mergeable) Merge(other Observer) error {
	p, err := peer(o, other)
	if err != nil {
		return err
	}
	o.add(p)
	return nil
}

func (o *mergeable) add(p *mergeable) {
	o.skipped += p.skipped
	if len(p.counts) == 0 {
		return
	}
	o.include(p.lo, p.hi)
	o.widen()
	shift := o.exp - p.exp
	for i, c := range p.counts {
		if c != 0 {
			o.counts[(p.first+int64(i))>>shift-o.first] += c
		}
	}
}

type mergeableState struct {
	rangeState
	Exponent int      `json:"exponent"`
	First    int64    `json:"first"`
	Counts   []uint64 `json:"counts"`
	Skipped  uint64   `json:"skipped,omitempty"`
}

func (o *mergeable) State() ([]byte, error) {
	return json.Marshal(mergeableState{rangeState{number(o.lo), number(o.hi)}, o.exp, o.first, append([]uint64{}, o.counts...), o.skipped})
}

func (o *mergeable) SetState(text []byte) error {
	var s mergeableState
	if err := o.readState(text, &s); err != nil {
		return err
	}
	lo, hi := float32(s.Min), float32(s.Max)
	if len(s.Counts) == 0 {
		if !never(lo, hi) {
			return o.badState("range %g to %g without counts", lo, hi)
		}
	} else if err := o.checkBins(s, lo, hi); err != nil {
		return err
	}
	o.lo, o.hi, o.exp, o.first, o.counts, o.skipped = lo, hi, s.Exponent, s.First, s.Counts, s.Skipped
	return nil
}

// checkBins refuses bins that are not the ones that the range determines.
func (o *mergeable) checkBins(s mergeableState, lo, hi float32) error {
	if !(lo <= hi) || !isFinite(lo, hi) {
		return o.badState("range %g to %g", lo, hi)
	}
	exp := exponentFor(lo, hi, o.full.Bins)
	first, last := binOf(lo, exp), binOf(hi, exp)
	if s.Exponent != exp || s.First != first || int64(len(s.Counts)) != last-first+1 {
		return o.badState("%d bins of width 2^%d from number %d, where the range %g to %g has %d of width 2^%d from number %d",
			len(s.Counts), s.Exponent, s.First, lo, hi, last-first+1, exp, first)
	}
	if s.Counts[0] == 0 || s.Counts[len(s.Counts)-1] == 0 {
		return o.badState("no value in the first or the last bin")
	}
	var sum uint64
	for _, c := range s.Counts {
		if sum += c; sum < c || sum > 1<<62 {
			return o.badState("counts beyond 2^62")
		}
	}
	return nil
}
