package main

// checkQAT finds what can be said before anything is computed.
func (f *qatFlags) checkQAT(path string) error {
	if f.qconfig != "" {
		if err := checkQConfigs([]string{f.qconfig}); err != nil {
			return err
		}
	}
	if err := f.checkWeightBits(); err != nil {
		return err
	}
	if f.calibration < 0 {
		return usageError("--calibrate %d: 0 or more", f.calibration)
	}
	if same, _ := sameFile(path, f.output); same {
		return usageError("--output %s is the float model itself: choose another name", f.output)
	}
	if err := checkOutputs(output{"prepared", f.prepared, modelOutput}); err != nil {
		return err
	}
	return f.check()
}

// checkRanges refuses recipes in which something is frozen that never had a range.
func (f *qatFlags) checkRanges() error {
	observers, norms := f.recipe.FreezeObservers == 0, f.recipe.FreezeNorms == 0
	switch {
	case f.compatible && observers:
		return usageError("--freeze-observers 0 with --torch-compatible freezes the scales of weights before they have any: observe for a share of the steps, such as 0.1")
	case !f.compatible && (observers || norms) && f.calibration == 0:
		return usageError("--calibrate 0 with observers or batch norms frozen from the start leaves activations without scales: calibrate on some images, or observe for a share of the steps")
	}
	return nil
}
