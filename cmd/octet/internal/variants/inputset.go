package variants

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
)

// What is drawn where the user gives no inputs.
const (
	randomInputs = 64 // how many inputs
	randomSize   = 32 // of extents that a model leaves open, but for the leading one, which is 1: so many tokens
)

// inputSet holds the inputs that models are compared on. It can be read repeatedly.
type inputSet struct {
	report.Inputs
	total   int
	batches func(context.Context) iter.Seq2[*batch, error]
	skipped func() []string
	close   func()
}

// batch is what one run computes.
type batch struct {
	inputs []*tensor.Tensor // all that the model takes, in its order
	names  []string         // of what is compared: images, or the run
	labels []int            // the classes of images; nil without
}

// samples are up to limit inputs of the batch, each as a run of its own.
func (b *batch) samples(limit int) [][]*tensor.Tensor {
	if len(b.names) == 1 {
		return [][]*tensor.Tensor{b.inputs}[:max(0, min(limit, 1))]
	}
	return compare.Each(compare.Split(b.inputs[0], limit))
}

// inputs opens what the flags name.
func (s *Comparison) inputs() (*inputSet, error) {
	f, reference := s.Options, s.Variants[0].Model
	switch {
	case f.Eval != "":
		flags := inputs.LabelledFlags{Data: f.Data, Truth: f.Truth, Names: f.Names, ClassMap: f.ClassMap}
		data, err := flags.Open(s.Console, reference, f.Eval)
		return s.images(data, err, report.Inputs{Source: f.Eval, Kind: report.Labelled})
	case f.Inputs != "":
		data, err := f.Data.Open(s.Console, reference, []string{f.Inputs})
		return s.images(data, err, report.Inputs{Source: f.Inputs, Kind: report.Unlabelled})
	case len(f.Named) > 0:
		return s.named("input", f.Named, f.Data.Limit, report.Unlabelled)
	case s.calibratesNamed():
		return s.named("calibration", f.Calibration, f.Data.Limit, report.Calibrating)
	case len(f.Calibration) > 0:
		data, err := f.Data.Open(s.Console, reference, f.Calibration)
		return s.images(data, err, report.Inputs{Source: strings.Join(f.Calibration, ", "), Kind: report.Calibrating})
	case inputs.TakesImages(reference) == nil:
		return s.randomImages(), nil
	}
	return s.drawn()
}

// images are those of a data set.
func (s *Comparison) images(data *inputs.Data, err error, of report.Inputs) (*inputSet, error) {
	if err != nil {
		return nil, err
	}
	return &inputSet{
		Inputs: of, total: data.Total(), skipped: data.Skipped, close: data.Close,
		batches: func(ctx context.Context) iter.Seq2[*batch, error] {
			return ofImages(data.Batches(ctx, s.Options.Data.BatchSize))
		},
	}, nil
}

// ofImages makes batches of those of a data set.
func ofImages(all iter.Seq2[*dataset.Batch, error]) iter.Seq2[*batch, error] {
	return func(yield func(*batch, error) bool) {
		for b, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&batch{[]*tensor.Tensor{b.Input}, b.Names, b.Labels}, nil) {
				return
			}
		}
	}
}

// calibratesNamed reports whether the calibration data are arrays by the names of inputs, or that
// of the only input of a model that takes no images.
func (s *Comparison) calibratesNamed() bool {
	given, reference := s.Options.Calibration, s.Variants[0].Model
	if slices.ContainsFunc(given, inputs.NamesArray) {
		return true
	}
	return len(given) == 1 && strings.EqualFold(filepath.Ext(given[0]), ".npy") && len(reference.Inputs()) == 1 && inputs.TakesImages(reference) != nil
}

// namedSamples are runs of arrays that a flag gives by the names of inputs; there are total of them.
func (s *Comparison) namedSamples(flag string, given []string) (samples octet.Samples, total int, err error) {
	reference := s.Variants[0].Model
	arrays, err := s.arrays.Named(flag, given, reference.Inputs(), s.Options.Model.Bound.Constants)
	if err != nil {
		return nil, 0, err
	}
	if samples, total, err = octet.SamplesOf(reference, arrays); err != nil {
		err = exit.WithCode(exit.Data, fmt.Errorf("--%s: %w", flag, err))
	}
	return samples, total, err
}

// sourceOf are the names of the files of data.
func sourceOf(given []string) string {
	var files []string
	for _, text := range given {
		if inputs.NamesArray(text) {
			_, text, _ = strings.Cut(text, "=")
		}
		files = append(files, filepath.Base(filepath.Clean(text)))
	}
	return strings.Join(files, ", ")
}

// named is the set of arrays by the names of inputs, up to limit of their samples.
func (s *Comparison) named(flag string, given []string, limit int, kind string) (*inputSet, error) {
	samples, total, err := s.namedSamples(flag, given)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		total = min(total, limit)
	}
	takes := s.Variants[0].Model.Inputs()
	return s.runs(report.Inputs{Source: sourceOf(given), Kind: kind}, total, func(yield func([]*tensor.Tensor, error) bool) {
		for sample, err := range samples {
			in := make([]*tensor.Tensor, len(takes))
			for i, v := range takes {
				in[i] = sample[v.Name]
			}
			if !yield(in, err) || err != nil {
				return
			}
		}
	}), nil
}

// runs is a set of total runs.
func (s *Comparison) runs(of report.Inputs, total int, all iter.Seq2[[]*tensor.Tensor, error]) *inputSet {
	return &inputSet{
		Inputs: of, total: total, skipped: func() []string { return nil }, close: func() {},
		batches: func(context.Context) iter.Seq2[*batch, error] {
			return func(yield func(*batch, error) bool) {
				i := 0
				for in, err := range all {
					if i == total || !yield(&batch{inputs: in, names: []string{fmt.Sprint(i)}}, err) || err != nil {
						return
					}
					i++
				}
			}
		},
	}
}

// randoms is how many random inputs are used.
func (s *Comparison) randoms() int {
	if limit := s.Options.Data.Limit; limit > 0 {
		return min(randomInputs, limit)
	}
	return randomInputs
}

// randomImages is the set of images of random numbers, always the same.
func (s *Comparison) randomImages() *inputSet {
	s.Console.Warn("compared on random numbers: --eval, --inputs or --calibration name inputs like those that the model will see")
	reference := s.Variants[0].Model
	h, w := (&measure.WorkloadFlags{}).ImageSize(reference)
	n := s.randoms()
	return s.runs(report.Inputs{Source: "random numbers", Kind: report.Random}, n, func(yield func([]*tensor.Tensor, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			if !yield([]*tensor.Tensor{measure.RandomImage(r, reference, h, w)}, nil) {
				return
			}
		}
	})
}

// drawn is the set of random inputs of a model that takes no images, always the same.
func (s *Comparison) drawn() (*inputSet, error) {
	reference := s.Variants[0].Model
	var shapes []tensor.Shape
	var texts []string
	for _, v := range reference.Inputs() {
		if v.Shape == nil {
			return nil, exit.Usagef("%s takes %v, whose axes it does not tell: give --input %s=FILE.npy or --shape %s=SIZES", reference.File(), v, v.Name, v.Name)
		}
		shape := slices.Clone(v.Shape)
		for i, size := range shape {
			if size < 1 && i == 0 {
				shape[i] = 1
			} else if size < 1 {
				shape[i] = randomSize
			}
		}
		shapes, texts = append(shapes, shape), append(texts, fmt.Sprintf("%s %v", v.Name, shape))
	}
	if len(shapes) == 0 {
		return nil, exit.WithCode(exit.Model, fmt.Errorf("%s has no inputs, so there is nothing to compare it on", reference.File()))
	}
	s.Console.Warn("compared on random inputs, %s: --input NAME=FILE.npy names inputs like those that the model will see, --shape NAME=SIZES other sizes", strings.Join(texts, ", "))
	n := s.randoms()
	return s.runs(report.Inputs{Source: "random inputs", Kind: report.Random}, n, func(yield func([]*tensor.Tensor, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			in, err := measure.Draw(r, reference, shapes)
			if !yield(in, err) || err != nil {
				return
			}
		}
	}), nil
}
