package inputs

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
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
	folder, err := f.classOfFolders(model)
	if err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	match := func(p dataset.Part, several bool) (func(int) (int, error), error) {
		folders := p.Classes()
		if folders == nil {
			if !several && f.ClassMap != "" {
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
	return f.Data.OpenShard(c, model, shard, []string{where}, &shardLabels{match, folder}, opts...)
}

// classOfFolders gives the class of a sample by the folders that it lies in, of archives whose
// folders are not known before they are read.
func (f *LabelledFlags) classOfFolders(model *octet.Model) (func([]string) (int, error), error) {
	if f.ClassMap == "" {
		class := model.ClassOfFolders()
		return func(folders []string) (int, error) {
			n, err := class(folders)
			if err != nil {
				err = fmt.Errorf("%w: give --class-map, or --labels with its classes", err)
			}
			return n, err
		}, nil
	}
	labels, _ := model.ClassNames(nil)
	classes, err := classesInMap(f.ClassMap, labels, compare.Classes(model.Classes()))
	if err != nil {
		return nil, fmt.Errorf("--class-map: %w", err)
	}
	return func(folders []string) (int, error) {
		for _, name := range folders {
			if n, ok := classes[name]; ok {
				return n, nil
			}
		}
		return 0, fmt.Errorf("%s says of none of the folders %q which class it is", f.ClassMap, folders)
	}, nil
}

// labelled refuses samples without a label.
func labelled(label int) (int, error) {
	if label < 0 {
		return 0, errors.New("it has no label: eval needs one folder per class, archives with the class of NAME.jpg in NAME.cls, or --truth")
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
