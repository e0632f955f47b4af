package dataset

import (
	"context"
	"math/rand/v2"
	"slices"
)

// subset shows some samples of another source.
type subset struct {
	Source
	index []int
}

func (s *subset) Len() int          { return len(s.index) }
func (s *subset) Label(i int) int   { return s.Source.Label(s.index[i]) }
func (s *subset) Name(i int) string { return s.Source.Name(s.index[i]) }
func (s *subset) At(ctx context.Context, i int) (Sample, error) {
	return s.Source.At(ctx, s.index[i])
}

// Limit returns the first n samples of src, or src itself when it has no more
// or n is not positive.
func Limit(src Source, n int) Source {
	if n <= 0 || n >= src.Len() {
		return src
	}
	s := &subset{Source: src}
	for i := range n {
		s.index = append(s.index, i)
	}
	return s
}

// Draw returns n samples of src, chosen at random but always the same for the
// same seed and set, and spread evenly over the classes: as a calibration set
// should be. The classes take turns in the result. When src has no more than n
// samples, or n is not positive, it is src itself.
func Draw(src Source, n int, seed uint64) Source {
	if n <= 0 || n >= src.Len() {
		return src
	}
	byLabel := map[int][]int{}
	for i := range src.Len() {
		byLabel[src.Label(i)] = append(byLabel[src.Label(i)], i)
	}
	var labels []int
	for l := range byLabel {
		labels = append(labels, l)
	}
	slices.Sort(labels)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, l := range labels {
		shuffle(r, byLabel[l])
	}
	shuffle(r, labels)
	s := &subset{Source: src}
	for turn := 0; len(s.index) < n; turn++ {
		for _, l := range labels {
			if turn < len(byLabel[l]) && len(s.index) < n {
				s.index = append(s.index, byLabel[l][turn])
			}
		}
	}
	return s
}

func shuffle(r *rand.Rand, s []int) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}
