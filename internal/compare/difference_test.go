package compare

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// TestDifferenceIsWhatOutputsSees: counts are those of octet compare, and those of parts add up
// to those of the whole.
func TestDifferenceIsWhatOutputsSees(t *testing.T) {
	r := testseed.Rand(t)
	n, k := 20+r.IntN(20), 2+r.IntN(6)
	var whole Difference
	parts := make([]Difference, 4)
	var outputs Outputs
	equal := 0
	for i := range n {
		want, got := make([]float32, k), make([]float32, k)
		for j := range want {
			want[j] = float32(r.NormFloat64())
			if got[j] = want[j]; r.IntN(3) > 0 {
				got[j] += float32(r.NormFloat64())
			}
			if want[j] == got[j] {
				equal++
			}
		}
		label := r.IntN(k)
		if err := outputs.Add([]string{fmt.Sprint(i)}, []int{label}, tensor.Of(want, 1, k), tensor.Of(got, 1, k)); err != nil {
			t.Fatal(err)
		}
		for _, d := range []*Difference{&whole, &parts[r.IntN(len(parts))]} {
			if err := d.Add(label, want, got); err != nil {
				t.Fatal(err)
			}
		}
	}
	type figures struct {
		changed, lost, gained, equal, logits int
		most                                 float64
	}
	want := figures{outputs.ChangedCount, outputs.Accuracy.Lost, outputs.Accuracy.Gained, equal, n * k, outputs.MaxError}
	if got := (figures{whole.Changed, whole.Lost, whole.Gained, whole.Equal, whole.Logits(), whole.MaxError}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var sum Difference
	for _, i := range r.Perm(len(parts)) {
		sum.Merge(&parts[i])
	}
	if d := cmp.Diff(whole, sum); d != "" {
		t.Errorf("parts do not add up:\n%s", d)
	}
	if err := sum.Check(n); err != nil {
		t.Error(err)
	}
}

func TestDifferenceOfKnownLogits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	var d Difference
	if err := d.Add(0, []float32{4, 0, 1, 0, inf, inf, nan}, []float32{5, 0.25, 1, -0.25, inf, 0, nan}); err != nil {
		t.Fatal(err)
	}
	want := Difference{Equal: 2, NonFinite: 2, MaxError: 1, Bins: []ErrorBin{{-2, 2}, {0, 1}}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if half, most := d.Below(0.5), d.Below(5.0/7); half != 0.5 || most != 2 {
		t.Errorf("half of the logits are below %v, all that are numbers below %v", half, most)
	}
	if none := (&Difference{Equal: 1}).Below(0.99); none != 0 {
		t.Errorf("equal logits are below %v", none)
	}
	if err := d.Add(0, []float32{1}, []float32{1, 2}); err == nil {
		t.Error("one logit was compared with two")
	}
}

func TestDifferenceThatIsDamaged(t *testing.T) {
	good := Difference{Changed: 1, Lost: 1, Equal: 3, MaxError: 1.5, Bins: []ErrorBin{{-2, 2}, {0, 1}}}
	if err := good.Check(2); err != nil {
		t.Fatal(err)
	}
	for what, d := range map[string]Difference{
		"more changed than inputs": {Changed: 3, Equal: 2},
		"more lost and gained":     {Lost: 2, Gained: 1, Equal: 2},
		"a logit too many":         {Equal: 3},
		"less than none":           {Equal: 4, NonFinite: -2},
		"bins out of order":        {MaxError: 1, Bins: []ErrorBin{{0, 1}, {-1, 1}}},
		"an empty bin":             {Equal: 2, MaxError: 1, Bins: []ErrorBin{{0, 0}}},
		"a largest one in no bin":  {MaxError: 3, Bins: []ErrorBin{{0, 2}}},
		"a largest one of none":    {Equal: 2, MaxError: 3},
		"more than can be counted": {Equal: math.MaxInt, MaxError: 1, Bins: []ErrorBin{{0, math.MaxInt}}},
	} {
		if err := d.Check(2); err == nil {
			t.Errorf("%s passes: %+v", what, d)
		}
	}
}
