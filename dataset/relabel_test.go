package dataset_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
)

// TestRelabelAndJoin: other labels, several sets as one, and what kind of samples they are.
func TestRelabelAndJoin(t *testing.T) {
	open := func(name string, x *tensor.Tensor) dataset.Source {
		src, err := dataset.Open(writeNPY(t, filepath.Join(t.TempDir(), name), x))
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	images := open("images.npy", tensor.New(tensor.UInt8, 2, 3, 3))
	tensors := open("tensors.npy", tensor.New(tensor.Float32, 3, 1, 3, 3))
	if images.Kind() != dataset.KindImages || tensors.Kind() != dataset.KindTensors || dataset.Limit(tensors, 1).Kind() != dataset.KindTensors {
		t.Errorf("%v and %v", images.Kind(), tensors.Kind())
	}
	both := dataset.Join(tensors, images)
	if both.Len() != 5 || both.Kind() != dataset.KindImages || dataset.Join(tensors, tensors).Kind() != dataset.KindTensors || both.Label(0) != -1 {
		t.Errorf("%d samples of kind %v", both.Len(), both.Kind())
	}
	if s, err := both.At(t.Context(), 3); err != nil || s.Image == nil || s.Name != images.Name(0) || both.Name(3) != s.Name {
		t.Errorf("sample 3 is %+v, %v", s, err)
	}
	if err := both.Close(); err != nil {
		t.Error(err)
	}

	src := labelledSet{names: []string{"b", "a"}, labels: []int{0, 1, -1, 1}}
	for _, c := range []struct{ names, want []string }{
		{nil, []string{"a", "", "b"}},
		{[]string{"x", "y", "z"}, []string{"x", "y", "z"}},
	} {
		r := dataset.Relabel(src, []int{2, 0}, c.names)
		if !slices.Equal(r.Classes(), c.want) {
			t.Errorf("classes %q, want %q", r.Classes(), c.want)
		}
		for i, want := range []int{2, 0, -1, 0} {
			if s, err := r.At(t.Context(), i); err != nil || s.Label != want || r.Label(i) != want {
				t.Errorf("label %d is %d and %d, want %d (%v)", i, s.Label, r.Label(i), want, err)
			}
		}
	}
}

// labelledSet is a set of labels without images.
type labelledSet struct {
	dataset.Source
	names  []string
	labels []int
}

func (s labelledSet) Classes() []string { return s.names }
func (s labelledSet) Label(i int) int   { return s.labels[i] }
func (s labelledSet) At(_ context.Context, i int) (dataset.Sample, error) {
	return dataset.Sample{Label: s.labels[i]}, nil
}
