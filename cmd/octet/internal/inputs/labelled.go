package inputs

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
)

// LabelledFlags are the flags of `octet eval`.
type LabelledFlags struct {
	Model    ModelFlags // the model
	Data     DataFlags  // how its inputs are read
	Truth    string     // --truth, a file; empty where the data have their labels
	Names    bool       // labels are in the names of the files
	ClassMap string     // --class-map, a file; empty where not given
}

// The help of --truth and of --truth-from-names.
const (
	TruthUsage = "`FILE` with the true classes: .npy of integers or IDX for arrays, a CSV of names and classes for a folder"
	NamesUsage = "the class of an image is in its file's name, before a number: cat.12.jpg, dog_3.png"
)

// LabelOptions say where the labels of data are.
func LabelOptions(truth string, names bool) ([]dataset.Option, error) {
	switch {
	case truth != "" && names:
		return nil, exit.Usagef("--truth and --truth-from-names both give the labels: choose one")
	case truth != "":
		return []dataset.Option{dataset.WithLabels(truth)}, nil
	case names:
		return []dataset.Option{dataset.WithLabelsFromNames()}, nil
	}
	return nil, nil
}

// Open opens labelled data whose labels are classes of the model.
func (f *LabelledFlags) Open(c *console.Console, model *octet.Model, where string) (*Data, error) {
	opts, err := LabelOptions(f.Truth, f.Names)
	if err != nil {
		return nil, err
	}
	data, err := f.Data.Open(c, model, []string{where}, opts...)
	if err != nil {
		return nil, err
	}
	if err := f.matchClasses(c, model, data, where); err != nil {
		data.Close()
		return nil, exit.WithCode(exit.Data, err)
	}
	return data, nil
}

// OpenShard opens a shard of labelled data.
func (f *LabelledFlags) OpenShard(c *console.Console, model *octet.Model, shard ShardFlags, where string) (*ShardData, error) {
	opts, err := LabelOptions(f.Truth, f.Names)
	if err != nil {
		return nil, err
	}
	match := func(p dataset.Part) (func(int) (int, error), error) {
		folders := p.Classes()
		if folders == nil {
			if f.ClassMap != "" {
				return nil, fmt.Errorf("--class-map names folders, but %s numbers its classes", where)
			}
			return labelled, nil
		}
		data := &Data{Source: folderClasses(folders)}
		if err := f.matchClasses(c, model, data, where); err != nil {
			return nil, err
		}
		return func(label int) (int, error) {
			if label, err := labelled(label); err != nil {
				return label, err
			}
			return data.Source.Label(label), nil
		}, nil
	}
	return f.Data.OpenShard(c, model, shard, []string{where}, match, opts...)
}

// labelled refuses samples without a label.
func labelled(label int) (int, error) {
	if label < 0 {
		return 0, errors.New("it has no label: eval needs one folder per class, an archive with the class of NAME.jpg in NAME.cls, or --truth")
	}
	return label, nil
}

// folderClasses is a source with one sample of each class, for what looks at labels alone.
type folderClasses []string

func (f folderClasses) Len() int           { return len(f) }
func (f folderClasses) Kind() dataset.Kind { return dataset.KindImages }
func (f folderClasses) Classes() []string  { return f }
func (f folderClasses) Label(i int) int    { return i }
func (f folderClasses) Name(i int) string  { return f[i] }
func (f folderClasses) Close() error       { return nil }

func (f folderClasses) At(context.Context, int) (dataset.Sample, error) {
	return dataset.Sample{}, errors.New("a class is no sample")
}
