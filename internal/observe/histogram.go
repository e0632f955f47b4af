package observe

import (
	"encoding/json"
	"math"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// histogram is PyTorch's HistogramObserver: float32 counts over the range seen so
// far. When a batch widens the range, the counts are spread over the new bins,
// which makes the result depend on the order of the batches.
//
// As in PyTorch, infinite values are left out and NaN is an error. Values whose
// range times the number of bins exceeds float32, which PyTorch files in wrong
// bins, are an error too.
type histogram struct {
	minMax
	counts []float32
}

func newHistogram(b base) (Observer, error) {
	o := &histogram{minMax: minMax{base: b}}
	o.reset()
	if err := o.prepare(false); err != nil {
		return nil, err
	}
	if b.spec.DType == tensor.QInt32 {
		return nil, o.badDType()
	}
	o.counts = make([]float32, o.full.Bins)
	return o, nil
}

func (o *histogram) Observe(x []float32, shape tensor.Shape) error {
	if err := o.checkBatch(x, shape); err != nil || len(x) == 0 {
		return err
	}
	if o.within(x) {
		return nil
	}
	x, lo, hi, err := o.finiteRange(x)
	if err != nil || len(x) == 0 { // nothing but infinities
		return err
	}
	newLo, newHi := min(o.lo, lo), max(o.hi, hi)
	if err := o.checkSpan(x, newLo, newHi); err != nil {
		return err
	}
	if never(o.lo, o.hi) {
		o.counts, o.lo, o.hi = histc(x, o.full.Bins, lo, hi), lo, hi
		return nil
	}
	update := histc(x, o.full.Bins, newLo, newHi)
	if newLo != o.lo || newHi != o.hi {
		o.counts = o.spread(newLo, newHi)
	}
	o.add(update)
	o.lo, o.hi = newLo, newHi
	return nil
}

// within takes in a batch that leaves the range as it is, as most do, in one look.
// Where that turns out not to be so, nothing has changed.
func (o *histogram) within(x []float32) bool {
	if !(o.lo < o.hi) {
		return false
	}
	counts := make([]uint32, o.full.Bins)
	if !binValues(counts, x, o.lo, o.hi) {
		return false
	}
	o.add(torchCounts(counts))
	return true
}

func (o *histogram) add(update []float32) {
	for i, u := range update {
		o.counts[i] += u
	}
}

// finiteRange returns the finite values of x and their range; NaN is an error, and
// so are infinities where the observer is strict.
func (b *base) finiteRange(x []float32) (values []float32, lo, hi float32, err error) {
	lo, hi, finite := Range(x)
	switch {
	case finite:
		return x, lo, hi, nil
	case b.strict || lo != lo:
		return nil, 0, 0, b.notFinite(x)
	}
	x = onlyFinite(x)
	lo, hi = minMaxOf(x)
	return x, lo, hi, nil
}

// onlyFinite returns the finite values of x.
func onlyFinite(x []float32) []float32 {
	out := make([]float32, 0, len(x))
	for _, v := range x {
		if !math.IsInf(float64(v), 0) {
			out = append(out, v)
		}
	}
	return out
}

// checkSpan refuses a range that float32 cannot divide into bins.
func (o *histogram) checkSpan(x []float32, lo, hi float32) error {
	if math.IsInf(float64(float32((hi-lo)*float32(o.full.Bins))), 0) {
		at := 0
		for i, v := range x {
			if math.Abs(float64(v)) > math.Abs(float64(x[at])) {
				at = i
			}
		}
		return &ValueError{Kind: o.spec.Kind, Index: at, Value: x[at]}
	}
	return nil
}

// histc counts the values of x, which lie in lo..hi, as torch.histc does. Counts stop at
// 2^24, where float32 can no longer count by one.
func histc(x []float32, bins int, lo, hi float32) []float32 {
	counts := make([]uint32, bins)
	if lo == hi {
		lo, hi = lo-1, hi+1
	}
	if lo < hi {
		binValues(counts, x, lo, hi)
	} else { // a value so large that adding one changes nothing
		counts[bins/2] = uint32(min(len(x), 1<<24))
	}
	return torchCounts(counts)
}

// torchCounts are counts by ones in float32.
func torchCounts(counts []uint32) []float32 {
	out := make([]float32, len(counts))
	for i, c := range counts {
		out[i] = float32(min(c, 1<<24))
	}
	return out
}

// spread distributes the counts over the bins of a wider range: each old bin is
// cut into 16 parts, and each part goes where its middle lies.
func (o *histogram) spread(newLo, newHi float32) []float32 {
	bins := o.full.Bins
	if o.lo == o.hi {
		out := histc([]float32{o.lo}, bins, newLo, newHi)
		total := torchSum(o.counts)
		for i := range out {
			out[i] = float32(out[i] * total)
		}
		return out
	}
	const parts = 16
	out := make([]float32, bins)
	edges := linspace(newLo, newHi, bins+1)
	starts := linspace(o.lo, o.hi, bins*parts+1)
	half := float32(0.5 * ((o.hi - o.lo) / float32(bins*parts)))
	to := 0
	for i, start := range starts[:bins*parts] {
		for middle := start + half; to < bins && edges[to] <= middle; {
			to++ // edges and middles rise
		}
		out[max(0, min(to-1, bins-1))] += o.counts[i/parts] / parts
	}
	return out
}

// QParams searches the range of least error and derives the parameters from it.
func (o *histogram) QParams() (*tensor.QParams, error) {
	if never(o.lo, o.hi) {
		return o.affine(o.lo, o.hi)
	}
	return o.affine(o.search())
}

// Merge refuses: the counts depend on the order of the batches.
func (o *histogram) Merge(Observer) error {
	return &OrderError{Kind: o.spec.Kind, Use: string(quant.MergeableHistogram) + ", " + string(quant.Percentile) + " or " + string(quant.MSE)}
}

type histogramState struct {
	rangeState
	Counts []number `json:"histogram"`
}

func (o *histogram) State() ([]byte, error) {
	return json.Marshal(histogramState{rangeState{number(o.lo), number(o.hi)}, numbers(o.counts)})
}

func (o *histogram) SetState(text []byte) error {
	var s histogramState
	if err := o.readState(text, &s); err != nil {
		return err
	}
	if len(s.Counts) != o.full.Bins {
		return o.badState("%d bins where the specification says %d", len(s.Counts), o.full.Bins)
	}
	lo, hi := float32(s.Min), float32(s.Max)
	if !never(lo, hi) && (!(lo <= hi) || o.checkSpan([]float32{lo, hi}, lo, hi) != nil) {
		return o.badState("range %g to %g", lo, hi)
	}
	for i, c := range s.Counts {
		if !(c >= 0) || math.IsInf(float64(c), 0) {
			return o.badState("count %g in bin %d", c, i)
		}
	}
	o.lo, o.hi, o.counts = lo, hi, floats(s.Counts)
	return nil
}
