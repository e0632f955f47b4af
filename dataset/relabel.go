package dataset

import (
	"context"
	"slices"
)

// relabelled is a source whose labels count other classes.
type relabelled struct {
	Source
	classOf []int
	classes []string
}

// Relabel shows src with other labels: those of its class i become classOf[i], one
// of the classes that are named. Without names, a class is called like the one of src
// that becomes it. Samples without a label stay without one.
func Relabel(src Source, classOf []int, classes []string) Source {
	if classes == nil && len(classOf) > 0 {
		classes = make([]string, slices.Max(classOf)+1)
		for i, name := range src.Classes() {
			classes[classOf[i]] = name
		}
	}
	return &relabelled{src, classOf, classes}
}

func (r *relabelled) Classes() []string         { return r.classes }
func (r *relabelled) Under(i int) (Source, int) { return r.Source, i }
func (r *relabelled) Label(i int) int           { return r.of(r.Source.Label(i)) }

func (r *relabelled) of(label int) int {
	if label < 0 {
		return label
	}
	return r.classOf[label]
}

func (r *relabelled) At(ctx context.Context, i int) (Sample, error) {
	s, err := r.Source.At(ctx, i)
	s.Label = r.of(s.Label)
	return s, err
}
