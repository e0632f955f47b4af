package main

import "testing"

func TestScore(t *testing.T) {
	var s score
	for _, c := range []struct {
		logits []float32
		label  int
	}{
		{[]float32{0, 5, 1, 2, 3, 4}, 1}, // right
		{[]float32{0, 5, 1, 2, 3, 4}, 2}, // fifth
		{[]float32{0, 5, 1, 2, 3, 4}, 0}, // last
		{[]float32{5, 5, 5, 5, 5, 5}, 5}, // a tie goes to the lower class
	} {
		if err := s.add(c.logits, c.label); err != nil {
			t.Fatal(err)
		}
	}
	if s.Images != 4 || s.Top1 != 1 || s.Top5 != 2 {
		t.Errorf("score: %+v", s)
	}
	if s.add([]float32{1, 2}, 2) == nil || s.add([]float32{1, 2}, -1) == nil {
		t.Error("labels outside the classes are counted")
	}
}
