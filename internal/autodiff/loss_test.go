package autodiff

import (
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// Along each logit the loss must change as its gradient says.
func TestLossGradient(t *testing.T) {
	r := testseed.Rand(t)
	for _, l := range []Loss{{}, {Smoothing: 0.1}, {Distill: 0.7, Temperature: 2}, {Smoothing: 0.2, Distill: 1}} {
		logits, teacher := normal(r, 2, 4, 7).Float32s(), normal(r, 2, 4, 7).Float32s()
		labels := []int{3, 0, 6, 3}
		grad, spare := make([]float32, len(logits)), make([]float32, len(logits))
		if _, err := l.Gradient(grad, logits, labels, teacher); err != nil {
			t.Fatal(err)
		}
		for i := range logits {
			// Differences have an error of step*step/6, and losses are rounded to float64.
			const step, secondOrder = 1.0 / 512, 1e-4
			at := logits[i]
			logits[i] = at + step
			ahead, _ := l.Gradient(spare, logits, labels, teacher)
			logits[i] = at - step
			behind, _ := l.Gradient(spare, logits, labels, teacher)
			logits[i] = at
			if want := (ahead - behind) / (2 * step); !(math.Abs(float64(grad[i])-want) < secondOrder) {
				t.Errorf("%+v: logit %d: gradient %v, the loss changes by %v", l, i, grad[i], want)
			}
		}
	}
}

func TestLossKnownValues(t *testing.T) {
	const float64Bound = 1e-12 // a dozen operations in float64
	grad := make([]float32, 4)
	loss, err := Loss{}.Gradient(grad, []float32{0, 0, 0, 0}, []int{2}, nil)
	if err != nil || math.Abs(loss-math.Log(4)) > float64Bound || grad[2] != -0.75 || grad[0] != 0.25 {
		t.Errorf("loss %v, gradient %v, %v", loss, grad, err)
	}
	// A student that agrees with its teacher has nothing to learn from it.
	same := []float32{1, -2, 3, 0.5}
	loss, err = Loss{Distill: 1}.Gradient(grad, same, []int{1}, same)
	if err != nil || math.Abs(loss) > float64Bound || grad[0] != 0 {
		t.Errorf("loss %v, gradient %v, %v", loss, grad, err)
	}
}

func TestLossRefusesLabels(t *testing.T) {
	for _, label := range []int{-1, 4} {
		_, err := Loss{}.Gradient(make([]float32, 8), make([]float32, 8), []int{0, label}, nil)
		if err == nil || !strings.Contains(err.Error(), "sample 1") || !strings.Contains(err.Error(), "classes 0 to 3") {
			t.Errorf("label %d: %v", label, err)
		}
	}
}
