package observe

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

var goldenDir = flag.String("golden", "testdata", "folder of golden data made by tools/golden/observe.py")

func golden[C any](t *testing.T, file string) []C {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(*goldenDir, file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []C
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s holds no cases", file)
	}
	return cases
}

// batch is the recipe of a batch of values; tools/golden/observe.py has its twin.
type batch struct {
	Seed          uint64
	N             int
	Shape         string
	Scale, Offset uint32
}

func (b batch) values() []float32 {
	scale, offset := math.Float32frombits(b.Scale), math.Float32frombits(b.Offset)
	out := make([]float32, b.N)
	for i := range out {
		h := b.Seed + uint64(i+1)*0x9E3779B97F4A7C15
		h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>27) * 0x94D049BB133111EB
		h ^= h >> 31
		p0, p1, p2, p3 := h&0xffff, h>>16&0xffff, h>>32&0xffff, h>>48
		out[i] = shaped(b.Shape, float32(int64(p0+p1+p2+p3)-131070)/37837, p0, p1, scale, offset)
	}
	return out
}

func shaped(shape string, x float32, p0, p1 uint64, scale, offset float32) float32 {
	switch {
	case shape == "cubic":
		x = float32(float32(x*x) * x)
	case shape == "spike" && p0%1000 == 7:
		x = float32(x * 50)
	case shape == "grid":
		x = quant.RoundEven(float32(x*4)) / 4
	case shape == "constant":
		x = 1
	case shape == "zero":
		x = 0
	}
	x = float32(x*scale) + offset
	switch {
	case shape == "relu":
		x = max(x, 0)
	case shape == "relu6":
		x = min(max(float32(x*3), 0), 6)
	case shape == "inf" && p1%97 == 3:
		x = float32(math.Inf(1))
	case shape == "inf" && p1%97 == 4:
		x = float32(math.Inf(-1))
	}
	return x
}

// goldenSpec is the specification of a golden case.
type goldenSpec struct {
	DType             string
	QScheme           string
	Eps               float32
	QuantMin          *int    `json:"quant_min"`
	QuantMax          *int    `json:"quant_max"`
	ReduceRange       bool    `json:"reduce_range"`
	AveragingConstant float64 `json:"averaging_constant"`
	Axis, Bins        int
}

func (g goldenSpec) spec(t *testing.T, kind string) quant.ObserverSpec {
	t.Helper()
	dtype, err := tensor.ParseDType(g.DType)
	if err != nil {
		t.Fatal(err)
	}
	scheme, err := quant.ParseQScheme(g.QScheme)
	if err != nil {
		t.Fatal(err)
	}
	return quant.ObserverSpec{
		Kind: quant.ObserverKind(kind), DType: dtype, QScheme: scheme, QuantMin: g.QuantMin, QuantMax: g.QuantMax,
		ReduceRange: g.ReduceRange, Eps: g.Eps, AveragingConstant: g.AveragingConstant, Axis: g.Axis, Bins: g.Bins,
	}
}

func open(t testing.TB, spec quant.ObserverSpec) Observer {
	t.Helper()
	o, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func observe(t testing.TB, o Observer, x []float32, shape ...int) {
	t.Helper()
	if shape == nil {
		shape = []int{len(x)}
	}
	if err := o.Observe(x, shape); err != nil {
		t.Fatal(err)
	}
}

// tally counts comparisons and reports the first few differences.
type tally struct {
	t       *testing.T
	n, bad  int
	subject string
}

func (y *tally) check(ok bool, format string, args ...any) {
	y.n++
	if ok {
		return
	}
	if y.bad++; y.bad <= 10 {
		y.t.Errorf(y.subject+": "+format, args...)
	}
}

func (y *tally) done() {
	y.t.Logf("%s: %d of %d differ", y.subject, y.bad, y.n)
	if y.n == 0 {
		y.t.Errorf("%s: nothing was compared", y.subject)
	}
}

func fromBits(u uint32) float32 { return math.Float32frombits(u) }

func crc(x []float32) uint32 {
	raw := make([]byte, 0, 4*len(x))
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return crc32.ChecksumIEEE(raw)
}

// checkQParams compares o's parameters with scale bits and zero points.
func (y *tally) checkQParams(i int, o Observer, scale []uint32, zero []int64) {
	q, err := o.QParams()
	if err != nil {
		y.check(false, "case %d: %v", i, err)
		return
	}
	y.check(len(q.Scales) == len(scale), "case %d: %d scales, want %d", i, len(q.Scales), len(scale))
	for c := range min(len(scale), len(q.Scales)) {
		y.check(q.Scales[c] == float64(fromBits(scale[c])), "case %d %v channel %d: scale %v, want %v", i, o.Spec(), c, q.Scales[c], fromBits(scale[c]))
		if q.FloatZeroPoints != nil {
			y.check(q.FloatZeroPoints[c] == fromBits(uint32(zero[c])), "case %d channel %d: zero point %v, want %v", i, c, q.FloatZeroPoints[c], fromBits(uint32(zero[c])))
		} else {
			y.check(q.ZeroPoints[c] == zero[c], "case %d %v channel %d: zero point %d, want %d", i, o.Spec(), c, q.ZeroPoints[c], zero[c])
		}
	}
}
