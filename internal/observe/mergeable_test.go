package observe

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// anyValues draws values of wildly different magnitudes, with zeros of both
// signs, repetitions and infinities.
func anyValues(rnd *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	scale := math.Exp(rnd.Float64()*60 - 30)
	for i := range x {
		switch rnd.IntN(12) {
		case 0:
			x[i] = float32(math.Copysign(0, float64(rnd.IntN(2)-1)))
		case 1:
			x[i] = float32(math.Inf(1 - 2*rnd.IntN(2)))
		case 2:
			x[i] = float32(rnd.NormFloat64() * scale * math.Exp(rnd.Float64()*20-15))
		case 3:
			x[i] = float32(float64(rnd.IntN(9)-4) * scale)
		default:
			x[i] = float32(rnd.NormFloat64() * scale)
		}
	}
	return x
}

var orderFree = []quant.ObserverKind{quant.MinMax, quant.MergeableHistogram, quant.Percentile, quant.MSE}

// TestSharding observes the same values in one batch, and shuffled, batched and
// sharded at random; the states must be equal, byte by byte.
func TestSharding(t *testing.T) {
	rnd := testseed.Rand(t)
	for trial := range 200 {
		spec := quant.ObserverSpec{Kind: orderFree[trial%len(orderFree)], DType: tensor.QUInt8, Bins: []int{0, 8, 64, 300}[trial/4%4]}
		x := anyValues(rnd, 1+rnd.IntN(500))
		whole := open(t, spec)
		observe(t, whole, x)
		rnd.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
		shards := make([]Observer, 1+rnd.IntN(4))
		for i := range shards {
			shards[i] = open(t, spec)
		}
		for len(x) > 0 {
			n := 1 + rnd.IntN(len(x))
			observe(t, shards[rnd.IntN(len(shards))], x[:n])
			x = x[n:]
		}
		rnd.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
		merged := reload(t, shards[0])
		for _, s := range shards[1:] {
			if err := merged.Merge(reload(t, s)); err != nil {
				t.Fatal(err)
			}
		}
		a, _ := whole.State()
		b, _ := merged.State()
		if string(a) != string(b) {
			t.Fatalf("%v: one batch gave\n%s\nshards gave\n%s", spec, a, b)
		}
	}
}

func TestMergeableCounts(t *testing.T) {
	rnd := testseed.Rand(t)
	for range 100 {
		x := anyValues(rnd, 300)
		o := open(t, quant.ObserverSpec{Kind: quant.MergeableHistogram, DType: tensor.QInt8, Bins: 50}).(*mergeable)
		observe(t, o, x)
		if len(o.counts) > 50 {
			t.Fatalf("%d bins", len(o.counts))
		}
		x = onlyFinite(x)
		if o.total() != uint64(len(x)) {
			t.Fatalf("%d values counted of %d", o.total(), len(x))
		}
		for i, c := range o.counts {
			var want uint64
			for _, v := range x {
				if float64(v) >= o.edge(i) && float64(v) < o.edge(i+1) {
					want++
				}
			}
			if c != want {
				t.Fatalf("bin %d from %g to %g: %d values, want %d", i, o.edge(i), o.edge(i+1), c, want)
			}
		}
	}
}

func TestPercentile(t *testing.T) {
	rnd := testseed.Rand(t)
	x := make([]float32, 100000)
	for i := range x {
		x[i] = float32(rnd.NormFloat64())
	}
	o := open(t, quant.ObserverSpec{Kind: quant.Percentile, DType: tensor.QUInt8, Percent: 99}).(*percentile)
	observe(t, o, x)
	lo, hi := o.clip()
	slices.Sort(x)
	width := float32(math.Ldexp(1, o.exp))
	if d := lo - x[500]; d > width || d < -width {
		t.Errorf("lower end %g, want %g", lo, x[500])
	}
	if d := hi - x[99500]; d > width || d < -width {
		t.Errorf("upper end %g, want %g", hi, x[99500])
	}
	all := open(t, quant.ObserverSpec{Kind: quant.Percentile, DType: tensor.QUInt8, Percent: 100}).(*percentile)
	observe(t, all, x)
	if lo, hi := all.clip(); lo != x[0] || hi != x[len(x)-1] {
		t.Errorf("100 percent keeps %g..%g of %g..%g", lo, hi, x[0], x[len(x)-1])
	}
}

// TestMSEIsNearTheBest compares with the best of many ranges tried on the values.
func TestMSEIsNearTheBest(t *testing.T) {
	rnd := testseed.Rand(t)
	for trial := range 12 {
		x := make([]float32, 5000)
		for i := range x {
			v := rnd.NormFloat64()
			switch trial % 3 {
			case 1:
				v = max(v, 0)
			case 2:
				v = v * v * v
			}
			x[i] = float32(v)
		}
		spec := quant.ObserverSpec{Kind: quant.MSE, DType: tensor.QUInt8}
		if trial%2 == 1 {
			spec.DType, spec.QScheme = tensor.QInt8, quant.PerTensorSymmetric
		}
		lo, hi := -15, 15 // four bits, where clipping matters
		if spec.DType == tensor.QUInt8 {
			lo = 0
		}
		o := open(t, withCodes(spec, lo, hi)).(*mse)
		observe(t, o, x)
		q, err := o.QParams()
		if err != nil {
			t.Fatal(err)
		}
		got := clampedError(t, x, q, lo, hi)
		best := math.Inf(1)
		seenLo, seenHi := quant.MinMaxOf(x)
		for i := range 40 {
			for j := range 40 {
				l, h := seenLo*float32(i+1)/40, seenHi*float32(j+1)/40
				p, err := o.affine(min(l, 0), max(h, 0))
				if err != nil {
					t.Fatal(err)
				}
				best = min(best, clampedError(t, x, p, lo, hi))
			}
		}
		if got > best*1.02 {
			t.Errorf("trial %d: error %g, best of 1600 ranges %g", trial, got, best)
		}
	}
}

func withCodes(s quant.ObserverSpec, lo, hi int) quant.ObserverSpec {
	s.QuantMin, s.QuantMax = &lo, &hi
	return s
}

func clampedError(t *testing.T, x []float32, q *tensor.QParams, lo, hi int) float64 {
	t.Helper()
	y, _, err := quant.FakeQuantizePerTensor(tensor.Of(x, len(x)), q.Scale(), q.ZeroPoint(), lo, hi)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i, v := range y.Float32s() {
		sum += (float64(v) - float64(x[i])) * (float64(v) - float64(x[i]))
	}
	return sum
}

func TestOrderErrors(t *testing.T) {
	for _, k := range Kinds() {
		spec := quant.ObserverSpec{Kind: k.Name, DType: tensor.QInt8, Scale: 1}
		if k.Name == quant.PerChannelMinMax || k.Name == quant.MovingAveragePerChannelMinMax {
			spec.QScheme = quant.PerChannelSymmetric
		}
		a, b := open(t, spec), open(t, spec)
		err := a.Merge(b)
		var order *OrderError
		if errors.As(err, &order) == k.OrderFree || (err != nil) == k.OrderFree {
			t.Errorf("%s: merging gave %v", k.Name, err)
		}
		other := spec
		other.ReduceRange = true
		if c, err := New(other); err == nil && a.Merge(c) == nil {
			t.Errorf("%s: merged observers of different specifications", k.Name)
		}
	}
}
