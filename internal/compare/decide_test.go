package compare

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func TestOneOutputDecidesBetweenTwoClasses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		logit float32
		class int
		right bool
	}{{3, 1, true}, {3, 0, false}, {-3, 0, true}, {-3, 1, false}, {0, 0, true}, {nan, 0, false}, {nan, 1, false}} {
		if got := Ahead([]float32{c.logit}, c.class) == 0; got != c.right {
			t.Errorf("logit %v is right for class %d: %v", c.logit, c.class, got)
		}
	}
}

func TestOutputsOfOneLogit(t *testing.T) {
	var o Outputs
	want := tensor.Of([]float32{2, -2, 1, -1}, 4, 1)
	got := tensor.Of([]float32{2, 2, -1, -1}, 4, 1)
	if err := o.Add([]string{"a", "b", "c", "d"}, []int{1, 0, 0, 0}, want, got); err != nil {
		t.Fatal(err)
	}
	if o.Agreement != 50 || o.Accuracy.Top1 != 3 || o.Accuracy.Lost != 1 || o.Accuracy.Gained != 1 {
		t.Errorf("%+v, %+v", o, o.Accuracy)
	}
	if m := o.Accuracy.Confusion; len(m) != 2 || m[0][0] != 2 || m[0][1] != 1 || m[1][1] != 1 {
		t.Errorf("confusion %v", m)
	}
}
