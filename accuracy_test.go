package octet

import (
	"math"
	"strings"
	"testing"
)

// TestEvaluationCountsOddAnswers: ties go to the lower class, one logit decides by its
// sign, and NaN is never right.
func TestEvaluationCountsOddAnswers(t *testing.T) {
	nan := float32(math.NaN())
	six := []float32{0, 5, 1, 2, 3, 4}
	for name, c := range map[string]struct {
		logits           []float32
		label            int
		top1, top5, none bool
	}{
		"right":                  {six, 1, true, true, false},
		"fifth":                  {six, 2, false, true, false},
		"last":                   {six, 0, false, false, false},
		"a tie, lower class":     {[]float32{1, 1, 0, 0, 0, 0}, 0, true, true, false},
		"a tie, higher class":    {[]float32{5, 5, 5, 5, 5, 5}, 5, false, false, false},
		"its own logit is NaN":   {[]float32{nan, 0, 1, 2, 3, 4}, 0, false, true, true},
		"another logit is NaN":   {[]float32{nan, 9, 1, 2, 3, 4}, 1, false, true, true},
		"one logit, class 0":     {[]float32{-2}, 0, true, true, false},
		"one logit, not class 0": {[]float32{2}, 0, false, true, false},
		"one logit, NaN":         {[]float32{nan}, 1, false, true, true},
	} {
		e := Evaluation{Classes: make([]Accuracy, max(2, len(c.logits)))}
		if err := e.add(c.logits, c.label); err != nil {
			t.Fatal(name, err)
		}
		want := Accuracy{Inputs: 1}
		undecided := 0
		for to, is := range map[*int]bool{&want.Top1: c.top1, &want.Top5: c.top5, &undecided: c.none} {
			if is {
				*to = 1
			}
		}
		if e.Accuracy != want || e.Classes[c.label] != want || e.Undecided != undecided {
			t.Errorf("%s: %+v; want %+v and %d undecided", name, e, want, undecided)
		}
		if e.add(c.logits, len(e.Classes)) == nil || e.add(c.logits, -1) == nil || e.Inputs != 1 {
			t.Errorf("%s: labels outside the classes are counted", name)
		}
	}
	a := Accuracy{Inputs: 8, Top1: 2, Top5: 6}
	if a.Top1Percent() != 25 || a.Top5Percent() != 75 || (Accuracy{}).Top1Percent() != 0 || !strings.Contains(a.String(), "2 of 8") {
		t.Error(a)
	}
	if in := a.Top1Interval(); !(in.Low < 25 && 25 < in.High) || in.High > a.Top5Interval().High {
		t.Errorf("%v and %v", in, a.Top5Interval())
	}
}
