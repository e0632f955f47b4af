package octet

import (
	"slices"
	"strings"
	"testing"
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
		got, how, err := matchFolders(c.folders, c.labels, c.assumed, 3)
		if (err == nil) != (c.want != nil) || !slices.Equal(got, c.want) || (how != "") != c.note {
			t.Errorf("%s: %v, %q, %v", c.name, got, how, err)
		}
	}
}

// ImageNet's folders need no map, also where only some of the classes are there.
func TestWordNetFolders(t *testing.T) {
	labels := make([]string, 0)
	for _, folders := range [][]string{{"n01440764", "n02102040", "n03888257"}, {"n15075141"}, {"n03888257", "n01440764"}} {
		mapping, how, err := matchFolders(folders, nil, true, 1000)
		if err != nil || !strings.Contains(how, "WordNet") {
			t.Fatal(folders, how, err)
		}
		for i, f := range folders {
			if want := map[string]int{"n01440764": 0, "n02102040": 217, "n03888257": 701, "n15075141": 999}[f]; mapping[i] != want {
				t.Errorf("%s is class %d, want %d", f, mapping[i], want)
			}
		}
	}
	if _, _, err := matchFolders([]string{"n01440764", "n99999999"}, nil, true, 1000); err == nil {
		t.Error("an unknown number was matched")
	}
	for i := range 1000 {
		labels = append(labels, strings.Repeat("x", i+1))
	}
	if _, _, err := matchFolders([]string{"n01440764"}, labels, false, 1000); err == nil {
		t.Error("a model with other labels was taken for ImageNet's")
	}
}
