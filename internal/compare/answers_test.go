package compare

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func TestAnswers(t *testing.T) {
	scores := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	boxes := tensor.Of([]float64{5, 6}, 2, 1, 1)
	counts := tensor.Of([]int64{7, 8}, 2)
	y, err := Answers([]*tensor.Tensor{scores, counts, boxes}, 2)
	if err != nil || !y.Shape().Equal(tensor.Shape{2, 3}) || !slices.Equal(y.Float32s(), []float32{1, 2, 5, 3, 4, 6}) {
		t.Errorf("%v %v: %v", y, y.Float32s(), err)
	}
	// Networks that read text give [steps, 1, classes].
	steps := tensor.New(tensor.Float32, 5, 1, 3)
	if y, err = Answers([]*tensor.Tensor{steps}, 1); err != nil || !y.Shape().Equal(tensor.Shape{1, 15}) {
		t.Errorf("%v: %v", y, err)
	}
	if _, err = Answers([]*tensor.Tensor{steps}, 2); err == nil || !strings.Contains(err.Error(), "--batch-size 1") {
		t.Errorf("an axis of steps in place of inputs: %v", err)
	}
	if _, err = Answers([]*tensor.Tensor{counts}, 2); err == nil {
		t.Error("whole numbers alone are compared")
	}
}

// The file that is exported of a network keeps the axes of an average of whole images.
func TestSameShape(t *testing.T) {
	average, kept := tensor.New(tensor.Float32, 2, 12), tensor.New(tensor.Float32, 2, 12, 1, 1)
	if err := sameShape("mean", average, kept); err != nil {
		t.Error(err)
	}
	if err := sameShape("mean", average, tensor.New(tensor.Float32, 12, 2)); err == nil {
		t.Error("rows and columns are taken for one another")
	}
}

// The runs of several inputs count as one, unless all outputs have the leading extent.
func TestCount(t *testing.T) {
	of := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for _, c := range []struct {
		in, out *tensor.Tensor
		want    int
	}{
		{of(3, 2), of(3, 5), 3}, {of(3, 2), of(5, 3), 1}, {of(3, 2), of(), 1}, {of(), of(3), 1},
		{of(3, 2), tensor.New(tensor.Int64, 7), 3}, // whole numbers are not compared
	} {
		if n := Count([]*tensor.Tensor{c.in, of(9)}, []*tensor.Tensor{c.out}); n != c.want {
			t.Errorf("%v gives %v: %d, want %d", c.in, c.out, n, c.want)
		}
	}
	if n := Count(nil, nil); n != 1 {
		t.Errorf("a model without inputs computes %d", n)
	}
}

// cosineRounding is what a mean of a few cosines may lose.
const cosineRounding = 1e-15

// Outputs have the mean and the least cosine of inputs; vectors without a direction have none but
// with each other.
func TestCosine(t *testing.T) {
	var o Outputs
	want := tensor.Of([]float32{1, 0, 3, 4, 0, 0, 0, 0, float32(math.NaN()), 1}, 5, 2)
	got := tensor.Of([]float32{2, 0, -4, 3, 0, 0, 1, 0, 1, 1}, 5, 2)
	if err := o.Add(make([]string, 3), nil, want.Rows(0, 3), got.Rows(0, 3)); err != nil {
		t.Fatal(err)
	}
	if o.MinCosine != 0 || math.Abs(o.Cosine-2./3) > cosineRounding {
		t.Errorf("1, 0 and 1 are %v, %v at least", o.Cosine, o.MinCosine)
	}
	if err := o.Add(make([]string, 2), nil, want.Rows(3, 5), got.Rows(3, 5)); err != nil || math.Abs(o.Cosine-2./5) > cosineRounding {
		t.Errorf("with two that have none it is %v: %v", o.Cosine, err)
	}
}
