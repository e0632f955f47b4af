package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/train"
)

// The setting of `octet demo --qat`. tools/training/fashion.py has the same for
// PyTorch.
const (
	demoPage       = "octet-demo-qat.html"
	demoEpochs     = 20
	demoBits       = 6
	demoCalibrated = 512 // images
	demoDistill    = 1   // distillation: the float model's outputs say more than labels
)

// demoTraining is what `octet demo --qat` adds to the document.
type demoTraining struct {
	Setting string       `json:"setting"`
	HTML    string       `json:"html,omitempty"`
	Recipe  train.Config `json:"recipe"`
	trainingResult
}

// checkTraining refuses wrong flags beside --qat before anything is computed.
func (f *demoFlags) checkTraining() error {
	if !f.qat {
		return nil
	}
	if f.html == "none" {
		f.html = ""
	}
	if err := f.recipe().Validate(); err != nil {
		return exit.Usagef("%w", err)
	}
	return console.CheckOutputs(console.Output{Flag: "html", Path: f.html, Kind: console.PageOutput})
}

func (f *demoFlags) recipe() train.Config {
	r := train.DefaultQAT()
	r.Epochs, r.Seed, r.Loss.Distill = f.epochs, f.seed, demoDistill
	return r
}

// train trains with quantization in the loop, and measures the float model, what
// calibration alone gives, and what training gives.
func (f *demoFlags) train(ctx context.Context, c *console.Console, folder string, out *demoOutput) error {
	if err := unpackDemo(folder, demoHardModel, demoTrain, demoTest); err != nil {
		return err
	}
	path := filepath.Join(folder, demoHardModel)
	float, err := octet.Open(path)
	if err != nil {
		return err
	}
	q := &qatFlags{calibration: demoCalibrated, RecipeFlags: inputs.RecipeFlags{WeightBits: demoBits, PerTensor: true}}
	q.trainingFlags = trainingFlags{
		data: filepath.Join(folder, demoTrain), dataName: "Fashion-MNIST", recipe: f.recipe(), augment: "small",
		evalFlagsOf: evalFlagsOf{eval: filepath.Join(folder, demoTest), evalLimit: f.data.Limit},
		threads:     f.data.Threads, output: filepath.Join(folder, "int8_qat.pth"), html: f.html,
	}
	q.model.Backend = quant.QNNPACK.String()
	trained, err := q.trainModel(ctx, c, float, path)
	if err != nil {
		return err
	}
	if err := q.calibrated.Save(ctx, filepath.Join(folder, "int8_ptq.pth")); err != nil {
		return exit.WithCode(exit.Output, err)
	}
	out.Arch, out.Calibration, out.QConfig = trained.Arch, demoCalibrated, trained.QConfig
	out.Training = &demoTraining{fmt.Sprintf("backend %s, %s", trained.Backend, q.weightsText()), f.html, trained.Recipe, trained.trainingResult}
	var models []*octet.Model
	for _, row := range []struct{ file, name string }{{demoHardModel, "float"}, {"int8_ptq.pth", "int8 by calibration"}, {"int8_qat.pth", "int8 by training"}} {
		m, err := octet.Open(filepath.Join(folder, row.file))
		if err != nil {
			return err
		}
		if err := f.measure(ctx, c, folder, row.file, row.name, m, out); err != nil {
			return err
		}
		models = append(models, m)
	}
	return f.time(ctx, c, folder, models, out)
}
