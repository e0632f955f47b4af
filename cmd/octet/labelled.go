package main

import (
	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

// evalFlags are the flags of `octet eval`.
type evalFlags struct {
	model    modelFlags
	data     dataFlags
	truth    string
	names    bool // labels are in the names of the files
	classMap string
}

const (
	truthUsage = "`FILE` with the true classes: .npy of integers or IDX for arrays, a CSV of names and classes for a folder"
	namesUsage = "the class of an image is in its file's name, before a number: cat.12.jpg, dog_3.png"
)

// labelOptions say where the labels of data are.
func labelOptions(truth string, names bool) ([]dataset.Option, error) {
	switch {
	case truth != "" && names:
		return nil, usageError("--truth and --truth-from-names both give the labels: choose one")
	case truth != "":
		return []dataset.Option{dataset.WithLabels(truth)}, nil
	case names:
		return []dataset.Option{dataset.WithLabelsFromNames()}, nil
	}
	return nil, nil
}

// open opens labelled data whose labels are classes of the model.
func (f *evalFlags) open(c *console, model *octet.Model, where string) (*inputData, error) {
	opts, err := labelOptions(f.truth, f.names)
	if err != nil {
		return nil, err
	}
	data, err := f.data.open(c, model, []string{where}, opts...)
	if err != nil {
		return nil, err
	}
	if err := f.matchClasses(c, model, data, where); err != nil {
		data.close()
		return nil, withCode(exitData, err)
	}
	return data, nil
}
