package compare_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/tensor"
)

func TestOutputsOfKnownLogits(t *testing.T) {
	want := tensor.Of([]float32{
		3, 1, 0, // right
		0, 2, 0, // right
		0, 1, 2, // wrong
		5, 0, 0, // wrong
	}, 4, 3)
	got := tensor.Of([]float32{
		3, 1, 0, // right
		4, 2, 0, // wrong now: lost
		0, 3, 2, // right now: gained
		5, 0, 1, // wrong
	}, 4, 3)
	var o compare.Outputs
	labels := []int{0, 1, 1, 1}
	for i := range 2 { // in two batches
		rows := func(x *tensor.Tensor) *tensor.Tensor { return tensor.Of(x.Float32s()[6*i:6*i+6], 2, 3) }
		if err := o.Add([]string{"a", "b", "c", "d"}[2*i:2*i+2], labels[2*i:2*i+2], rows(want), rows(got)); err != nil {
			t.Fatal(err)
		}
	}
	label := 1
	diff := cmp.Diff([]compare.Changed{{Input: "b", Label: &label, Want: 1, Got: 0}, {Input: "c", Label: &label, Want: 2, Got: 1}}, o.Changed)
	if o.Inputs != 4 || o.ChangedCount != 2 || diff != "" {
		t.Errorf("%d inputs, %d changed\n%s", o.Inputs, o.ChangedCount, diff)
	}
	if o.Agreement != 50 || o.Equal != 75 || o.MaxError != 4 {
		t.Errorf("%+v", o)
	}
	near(t, "SQNR", float64(o.SQNR), 10*math.Log10((9+1+4+1+4+25)/(16.+4+1)), stepsBound)
	a := o.Accuracy
	if diff := cmp.Diff([][]int{{1, 0, 0}, {2, 1, 0}, {0, 0, 0}}, a.Confusion); diff != "" {
		t.Error(diff)
	}
	if a.Top1 != 2 || a.Top5 != 4 || a.Top1Percent != 50 || a.Top5Percent != 100 {
		t.Errorf("right answers: %+v", a)
	}
	if a.Lost != 1 || a.Gained != 1 {
		t.Errorf("%d lost, %d gained", a.Lost, a.Gained)
	}
}

func TestOutputsAreBounded(t *testing.T) {
	const n, classes = 80, 100
	want, got := tensor.New(tensor.Float32, n, classes), tensor.New(tensor.Float32, n, classes)
	for i := range n {
		want.Float32s()[i*classes], got.Float32s()[i*classes+1] = 1, 1
	}
	var o compare.Outputs
	if err := o.Add(names(n), make([]int, n), want, got); err != nil {
		t.Fatal(err)
	}
	if len(o.Changed) != 50 || o.ChangedCount != n || o.Accuracy.Confusion != nil || o.Accuracy.Top5 != n || o.Accuracy.Lost != n {
		t.Errorf("%d of %d changed inputs, %+v", len(o.Changed), o.ChangedCount, o.Accuracy)
	}
}

func TestOutputsRefuse(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 3)
	for name, c := range map[string]struct {
		labels []int
		got    *tensor.Tensor
		want   string
	}{
		"label":   {[]int{0, 3}, x, "1: its label is 3; the model has the classes 0..2"},
		"classes": {nil, tensor.New(tensor.Float32, 2, 4), "both models need the same classes"},
		"inputs":  {nil, tensor.New(tensor.Float32, 1, 3), "cannot be compared"},
	} {
		err := new(compare.Outputs).Add(names(2), c.labels, x, c.got)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestAheadAndTop1(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		logits []float32
		class  int
		ahead  int
		top    int
	}{
		{[]float32{1, 3, 2}, 1, 0, 1},
		{[]float32{1, 3, 2}, 0, 2, 1},
		{[]float32{2, 2, 2}, 2, 2, 0},
		{[]float32{2, 2, 1}, 0, 0, 0},
		{[]float32{1, nan, 2}, 2, 1, 1},
		{[]float32{1, nan, 2}, 1, 1, 1},
	} {
		if a, top := compare.Ahead(c.logits, c.class), compare.Top1(c.logits); a != c.ahead || top != c.top {
			t.Errorf("%v: %d ahead of class %d, top %d; want %d and %d", c.logits, a, c.class, top, c.ahead, c.top)
		}
	}
}

func ExampleOutputs() {
	var o compare.Outputs
	float := tensor.Of([]float32{4, 1, 2, 0, 3, 2}, 2, 3)
	int8 := tensor.Of([]float32{4, 1, 2, 0, 2, 3}, 2, 3)
	if err := o.Add([]string{"cat.jpg", "dog.jpg"}, nil, float, int8); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f %% of the answers are the same, the logits at %v\n", o.Agreement, o.SQNR)
	for _, c := range o.Changed {
		fmt.Printf("%s: class %d, was %d\n", c.Input, c.Got, c.Want)
	}
	// Output:
	// 50 % of the answers are the same, the logits at 12.3 dB
	// dog.jpg: class 2, was 1
}
