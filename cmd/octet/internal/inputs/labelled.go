package inputs

import (
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
