package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/testseed"
)

// recorder notes what a check says instead of failing.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }

type double struct{ kernel.Row }

// table has a row that no machine runs: none has all features.
var table = []double{
	{kernel.Row{Name: "double_all", ISA: "all", Requires: ^cpu.Features(0)}},
	{kernel.Row{Name: "double_slow", ISA: "slow", Unless: ^cpu.Features(0)}}, // never chosen, but it runs
	{kernel.Row{Name: "double_go", ISA: "go"}},
}

func TestWhatRunsIsTested(t *testing.T) {
	want := []*double{&table[1], &table[2]}
	var ran []*double
	var drawn []uint64
	Each(t, table, func(t *testing.T, k *double, r *rand.Rand) {
		if t.Name() != "TestWhatRunsIsTested/"+k.Name {
			t.Errorf("%s is tested as %s", k.Name, t.Name())
		}
		ran, drawn = append(ran, k), append(drawn, r.Uint64())
	})
	if !slices.Equal(ran, want) || drawn[0] != drawn[1] {
		t.Errorf("%v were tested with %v", ran, drawn)
	}
	if list := slices.Collect(Runnable(table)); !slices.Equal(list, want) {
		t.Errorf("%v are runnable", list)
	}
	for k := range Runnable(table) {
		if k != want[0] {
			t.Errorf("%s comes first", k.Name)
		}
		break
	}
}

func TestNamesSeesAWrongOne(t *testing.T) {
	right := func(k *double) string { return "double_" + k.ISA }
	Names(t, table, right)
	other := append(slices.Clone(table), double{kernel.Row{Name: "half_go", ISA: "go"}})
	r := &recorder{TB: t}
	if Names(r, other, right); !slices.Equal(r.said, []string{"half_go should be called double_go"}) {
		t.Errorf("%q", r.said)
	}
}

func checkZone[T any](t *testing.T, mark, other T) {
	t.Helper()
	r := testseed.Rand(t)
	for range 20 {
		n, shift := r.IntN(9), r.IntN(8)
		z := NewZone(n, shift, mark)
		if len(z.Inner) != n || cap(z.Inner) != n {
			t.Fatalf("%d of %d values, want %d", len(z.Inner), cap(z.Inner), n)
		}
		for i := range z.Inner {
			if string(memory(&z.Inner[i])) != string(memory(&mark)) {
				t.Fatalf("value %d is %v at first", i, z.Inner[i])
			}
			z.Inner[i] = other
		}
		z.Check(t)
		for _, at := range []int{-guard - shift, -1, n, n + guard - 1} {
			r := &recorder{TB: t}
			z.all[z.at+at] = other
			if z.Check(r); !slices.Equal(r.said, []string{fmt.Sprintf("wrote outside: at %d of %d values", at, n)}) {
				t.Errorf("with %v at %d: %q", other, at, r.said)
			}
			z.all[z.at+at] = mark
		}
	}
}

func TestZoneSeesWhatIsWritten(t *testing.T) {
	checkZone(t, uint8(0xA5), 0)
	checkZone(t, int32(-7), 7)
	checkZone(t, NaN, 0)
	checkZone(t, NaN, math.Float32frombits(math.Float32bits(NaN)^1<<31)) // another NaN
	checkZone(t, float32(0), float32(math.Copysign(0, -1)))
}

func TestShiftMoves(t *testing.T) {
	address := func(shift int) uintptr {
		return uintptr(unsafe.Pointer(unsafe.SliceData(NewZone(64, shift, uint8(1)).Inner))) % 8
	}
	for shift := range 8 {
		if got, want := address(shift), (address(0)+uintptr(shift))%8; got != want {
			t.Errorf("shift %d: address %d modulo 8, want %d", shift, got, want)
		}
	}
}

func TestSame(t *testing.T) {
	x := []float32{1, 0, NaN}
	if !Same(x, []float32{1, 0, math.Float32frombits(math.Float32bits(NaN) ^ 1)}) {
		t.Error("NaN differs from NaN")
	}
	for _, y := range [][]float32{{1, 0}, {1, 0, NaN, 0}, {2, 0, NaN}, {NaN, 0, NaN}, {1, 0, 1}, {1, float32(math.Copysign(0, -1)), NaN}} {
		if Same(x, y) {
			t.Errorf("%v is taken for %v", y, x)
		}
	}
}

func TestNormal(t *testing.T) {
	// Of 10,000 numbers the mean has a deviation of 0.01 and the variance one of 0.014.
	const meanBound, varianceBound = 0.05, 0.1
	r := rand.New(rand.NewPCG(1, 2))
	x := Normal(r, 10000)
	var sum, square float64
	for _, v := range x {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	if mean, variance := sum/1e4, square/1e4; math.Abs(mean) > meanBound || math.Abs(variance-1) > varianceBound {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}
