package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

func TestMatchFolders(t *testing.T) {
	labels := []string{"tench", "tiger cat", "T-shirt/top"}
	wordnet := []string{"n01440764", "n02123159", "n04370456"}
	for _, c := range []struct {
		name            string
		folders, labels []string
		assumed         bool
		want            []int // nil: refused
		note            bool
	}{
		{"names in any order", []string{"T-shirt_top", "Tiger Cat", "tench"}, labels, false, []int{2, 1, 0}, false},
		{"some of the names", []string{"tiger_cat"}, labels, false, []int{1}, false},
		{"WordNet numbers", wordnet, labels, true, []int{0, 1, 2}, true},
		{"no labels, right number", []string{"a", "b", "c"}, nil, true, []int{0, 1, 2}, true},
		{"no labels, wrong number", []string{"a", "b"}, nil, true, nil, false},
		{"other names, right number", []string{"a", "b", "c"}, labels, false, nil, false},
		{"other names, assumed labels", []string{"a", "b", "c"}, labels, true, nil, false},
		{"a label twice", []string{"crane", "tench", "x"}, []string{"crane", "crane", "tench"}, false, nil, false},
	} {
		got, how, err := inputs.MatchFolders(c.folders, c.labels, c.assumed, 3)
		if (err == nil) != (c.want != nil) || !slices.Equal(got, c.want) || (how != "") != c.note {
			t.Errorf("%s: %v, %q, %v", c.name, got, how, err)
		}
	}
}

func TestTopK(t *testing.T) {
	top := octet.TopK([]float32{1, 3, 3, -2}, 3, []string{"a", "b", "c", "d"})
	if fmt.Sprint(top[0].Class, top[1].Class, top[2].Class) != "1 2 0" || top[1].Label != "c" {
		t.Errorf("order: %+v", top)
	}
	if p := top[0].Probability; p < 0.466 || p > 0.467 {
		t.Errorf("probability %v", p)
	}
}

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
