package observe

import (
	"sync"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/quant"
)

// The kernels of this machine.
var kernels = sync.OnceValue(func() (k struct{ ranges, histogram *statistics.Kernel }) {
	k.ranges = statistics.Select(statistics.Table, statistics.Range, cpu.Host())
	k.histogram = statistics.Select(statistics.Table, statistics.Histogram, cpu.Host())
	return k
})

// Range returns the smallest and largest element, and whether all are finite. If not, the
// range is that of quant.MinMaxOf; without elements it is (+Inf, -Inf).
func Range(x []float32) (lo, hi float32, finite bool) {
	c := statistics.Call{X: x}
	kernels().ranges.Run(&c)
	if !c.Finite {
		lo, hi = quant.MinMaxOf(x)
		return lo, hi, false
	}
	return c.Lo, c.Hi, true
}

// minMaxOf is quant.MinMaxOf, faster. Of the two zeros either may be an extreme.
func minMaxOf(x []float32) (lo, hi float32) {
	lo, hi, _ = Range(x)
	return lo, hi
}

// binValues counts the values of x by bin. It gives up, and reports false, at one
// that is not in lo..hi.
func binValues(counts []uint32, x []float32, lo, hi float32) bool {
	c := statistics.Call{X: x, Lo: lo, Hi: hi, Counts: counts}
	kernels().histogram.Run(&c)
	return c.Inside
}
