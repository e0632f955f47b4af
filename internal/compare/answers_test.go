package compare

import (
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
