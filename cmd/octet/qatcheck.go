package main

import (
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

// checkQAT refuses wrong flags before anything is computed.
func (f *qatFlags) checkQAT(path string) error {
	if f.QConfig != "" {
		if err := inputs.CheckQConfigs([]string{f.QConfig}); err != nil {
			return err
		}
	}
	if err := f.CheckWeightBits(); err != nil {
		return err
	}
	if f.calibration < 0 {
		return exit.Usagef("--calibrate %d: 0 or more", f.calibration)
	}
	if same, _ := sameFile(path, f.output); same {
		return exit.Usagef("--output %s is the float model itself: choose another name", f.output)
	}
	if err := console.CheckOutputs(console.Output{Flag: "prepared", Path: f.prepared, Kind: console.ModelOutput}); err != nil {
		return err
	}
	return f.check(path)
}

// checkRanges refuses recipes that freeze observers before they have seen a batch.
func (f *qatFlags) checkRanges() error {
	observers, norms := f.recipe.FreezeObservers == 0, f.recipe.FreezeNorms == 0
	switch {
	case f.compatible && observers:
		return exit.Usagef("--freeze-observers 0 with --torch-compatible freezes the scales of weights before they have any: observe for a share of the steps, such as 0.1")
	case !f.compatible && (observers || norms) && f.calibration == 0:
		return exit.Usagef("--calibrate 0 with observers or batch norms frozen from the start leaves activations without scales: calibrate on some images, or observe for a share of the steps")
	}
	return nil
}
