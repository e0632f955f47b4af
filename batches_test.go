package octet

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func counted(from, n int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, n, 1, 1, 2)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(2*from + i)
	}
	return x
}

func stream(batches ...*tensor.Tensor) Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		for _, x := range batches {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// Batches come in the recipe's size and order whatever the stream's are, and those
// that have the size already are not copied.
func TestRegroup(t *testing.T) {
	for name, c := range map[string]struct {
		in           []int
		limit        int
		sizes, whole []int // whole: numbers of the batches that are passed on
	}{
		"fitting":            {[]int{4, 4, 4}, 0, []int{4, 4, 4}, []int{0, 1, 2}},
		"with a rest":        {[]int{4, 4, 3}, 0, []int{4, 4, 3}, []int{0, 1}},
		"one by one":         {[]int{1, 1, 1, 1, 1}, 0, []int{4, 1}, nil},
		"too large":          {[]int{9}, 0, []int{4, 4, 1}, nil},
		"fitting in between": {[]int{2, 4, 2, 4}, 0, []int{4, 4, 4}, []int{2}},
		"limit within":       {[]int{4, 4}, 6, []int{4, 2}, []int{0}},
		"limit at the end":   {[]int{4, 4}, 4, []int{4}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			var in []*tensor.Tensor
			at := 0
			for _, n := range c.in {
				in = append(in, counted(at, n))
				at += n
			}
			var sizes, whole []int
			var values []float32
			for x, err := range regroup(stream(in...), form{tensor.Float32, 1, 1}, quantizeOptions{batchSize: 4, limit: c.limit}) {
				if err != nil {
					t.Fatal(err)
				}
				if slices.Contains(in, x) {
					whole = append(whole, len(sizes))
				}
				sizes = append(sizes, x.Dim(0))
				values = append(values, x.Float32s()...)
			}
			if !slices.Equal(sizes, c.sizes) || !slices.Equal(whole, c.whole) {
				t.Errorf("batches of %v, of which %v are passed on; want %v and %v", sizes, whole, c.sizes, c.whole)
			}
			for i, v := range values {
				if v != float32(i) {
					t.Fatalf("value %d is %v", i, v)
				}
			}
		})
	}
}
