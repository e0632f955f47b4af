package dataset

import (
	"context"
	"errors"
)

// joined is several sources, one behind the other.
type joined []Source

// Join shows several sets one behind the other, without labels: the classes of one are
// not those of another. Images beside tensors make it a set of images: a Preset is
// needed, and tensors are passed on as they are. Closing it closes all of them.
func Join(sources ...Source) Source { return joined(sources) }

func (j joined) locate(i int) (Source, int) {
	for _, s := range j {
		if i < s.Len() {
			return s, i
		}
		i -= s.Len()
	}
	panic("dataset: sample index beyond the joined sources")
}

func (j joined) Len() int {
	n := 0
	for _, s := range j {
		n += s.Len()
	}
	return n
}

func (j joined) Kind() Kind {
	for _, s := range j {
		if s.Kind() == KindImages {
			return KindImages
		}
	}
	return KindTensors
}

func (j joined) Classes() []string         { return nil }
func (j joined) Label(int) int             { return -1 }
func (j joined) Under(i int) (Source, int) { return j.locate(i) }

func (j joined) Name(i int) string {
	s, at := j.locate(i)
	return s.Name(at)
}

func (j joined) At(ctx context.Context, i int) (Sample, error) {
	s, at := j.locate(i)
	sample, err := s.At(ctx, at)
	sample.Label = -1
	return sample, err
}

func (j joined) Close() error {
	var errs []error
	for _, s := range j {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
