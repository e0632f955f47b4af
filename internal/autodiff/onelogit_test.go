package autodiff

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// pytorchLoss is what PyTorch computed in one of its types.
type pytorchLoss struct {
	Loss     float64   `json:"loss"`
	Gradient []float64 `json:"gradient"`
}

func TestOneLogitEqualsPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/onelogit.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Loss             Loss
		Logits, Teacher  []float32
		Labels           []int
		Float64, Float32 pytorchLoss
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	const (
		float64Bound = 1e-14 // relative: some dozens of operations in float64
		float32Bound = 1e-6  // relative: PyTorch's own, some operations in float32
		// absolute: PyTorch subtracts probabilities, times the weight of the teacher and the
		// temperature, at most 4 here, and divides by the 44 samples: 4 steps of float32 below 1
		cancelled = 4 / float64(1<<24) / 44
	)
	for _, c := range cases {
		grad := make([]float32, len(c.Logits))
		loss, err := c.Loss.Gradient(grad, c.Logits, c.Labels, c.Teacher)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(loss-c.Float64.Loss) > float64Bound*c.Float64.Loss || math.Abs(loss-c.Float32.Loss) > float32Bound*loss {
			t.Errorf("%+v: loss %v, PyTorch has %v in float64 and %v in float32", c.Loss, loss, c.Float64.Loss, c.Float32.Loss)
		}
		for i, g := range grad {
			exact, rough := c.Float64.Gradient[i], c.Float32.Gradient[i]
			if math.Abs(float64(g)-exact) > math.Abs(exact)/(1<<24)+float64Bound || math.Abs(float64(g)-rough) > float32Bound*math.Abs(rough)+cancelled {
				t.Errorf("%+v: gradient of logit %v, class %d: %v, PyTorch has %v in float64 and %v in float32", c.Loss, c.Logits[i], c.Labels[i], g, exact, rough)
			}
		}
	}
}

// A logit x is a softmax over the logits 0 and x.
func TestOneLogitIsTwo(t *testing.T) {
	const float64Bound = 1e-12 // the two take other ways of as many operations
	r := testseed.Rand(t)
	for _, l := range []Loss{{}, {Smoothing: 0.3}, {Distill: 0.6}, {Smoothing: 0.1, Distill: 1, Temperature: 3}} {
		one, teacher := normal(r, 3, 9).Float32s(), normal(r, 3, 9).Float32s()
		two, teachers := make([]float32, 18), make([]float32, 18)
		labels := make([]int, 9)
		for i := range labels {
			two[2*i+1], teachers[2*i+1], labels[i] = one[i], teacher[i], r.IntN(2)
		}
		g1, g2 := make([]float32, 9), make([]float32, 18)
		got, err := l.Gradient(g1, one, labels, teacher)
		if err != nil {
			t.Fatal(err)
		}
		want, err := l.Gradient(g2, two, labels, teachers)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-want) > float64Bound {
			t.Errorf("%+v: loss %v of one logit, %v of two", l, got, want)
		}
		for i := range g1 {
			if math.Abs(float64(g1[i]-g2[2*i+1])) > math.Abs(float64(g1[i]))/(1<<22) {
				t.Errorf("%+v: gradient %v of one logit, %v of two", l, g1[i], g2[2*i+1])
			}
		}
	}
}

func TestOneLogitRefusesLabels(t *testing.T) {
	for _, label := range []int{-1, 2} {
		_, err := Loss{}.Gradient(make([]float32, 2), make([]float32, 2), []int{0, label}, nil)
		if err == nil || !strings.Contains(err.Error(), "sample 1") || !strings.Contains(err.Error(), "classes 0 and 1") {
			t.Errorf("label %d: %v", label, err)
		}
	}
}
