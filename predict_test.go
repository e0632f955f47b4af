package octet_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/octet-ml/octet"
)

// sixDigits is what the numbers written below, of six decimals, leave open.
const sixDigits = 1e-6

func TestOneLogitIsADecision(t *testing.T) {
	for _, c := range []struct {
		logit   float32
		labels  []string
		class   int
		label   string
		sigmoid float64
	}{
		{2, []string{"cat", "dog"}, 1, "dog", 0.880797},
		{-2, []string{"cat", "dog"}, 0, "cat", 0.119203},
		{0, nil, 0, "", 0.5},
		{-1e30, []string{"dog"}, 0, "not dog", 0},
		{90, []string{"dog"}, 1, "dog", 1},
	} {
		top := octet.TopK([]float32{c.logit}, 5, c.labels)
		if len(top) != 1 || top[0].Class != c.class || top[0].Label != c.label || top[0].Logit != c.logit || math.Abs(*top[0].Sigmoid-c.sigmoid) > sixDigits {
			t.Errorf("%v: %+v", c.logit, top)
		}
		if p := top[0].Probability; p != max(*top[0].Sigmoid, 1-*top[0].Sigmoid) {
			t.Errorf("%v: probability %v of the class that it decides for", c.logit, p)
		}
	}
}

func TestPredictionsAreJSONWhateverTheyAre(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		want   string
	}{
		{[]float32{1.5}, `[{"class":1,"probability":0.8175744761936437,"logit":1.5,"sigmoid":0.8175744761936437}]`},
		{[]float32{3, 1}, `[{"class":0,"probability":0.8807970779778823,"logit":3}]`},
		{[]float32{float32(math.NaN())}, `[{"class":0,"probability":null,"logit":null}]`},
		{[]float32{float32(math.Inf(1)), 1}, `[{"class":0,"probability":null,"logit":null}]`},
		{[]float32{float32(math.NaN()), float32(math.NaN())}, `[{"class":0,"probability":null,"logit":null}]`},
	} {
		got, err := json.Marshal(octet.TopK(c.logits, 1, nil))
		if err != nil || string(got) != c.want {
			t.Errorf("%v: %s, %v; want %s", c.logits, got, err, c.want)
		}
		var back []octet.Prediction
		if err := json.Unmarshal(got, &back); err != nil || fmt.Sprint(back[0].Class) != fmt.Sprint(octet.TopK(c.logits, 1, nil)[0].Class) {
			t.Errorf("read back: %+v, %v", back, err)
		}
	}
}

func TestTopK(t *testing.T) {
	top := octet.TopK([]float32{1, 3, 3, -2}, 3, []string{"a", "b", "c", "d"})
	if len(top) != 3 || top[0].Class != 1 || top[1].Class != 2 || top[2].Class != 0 || top[1].Label != "c" {
		t.Errorf("order: %+v", top)
	}
	if p := top[0].Probability; p < 0.466 || p > 0.467 {
		t.Errorf("probability %v", p)
	}
}
