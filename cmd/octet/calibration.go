package main

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
)

// quantizeError gives an error of octet.Quantize its exit code.
func quantizeError(calibration string, err error) error {
	switch {
	case errors.Is(err, octet.ErrCalibration):
		return withCode(exitData, fmt.Errorf("%s: %w", calibration, err))
	case errors.Is(err, octet.ErrRecipe):
		return withCode(exitUsage, err)
	}
	return withCode(exitModel, err)
}

// noteOtherName says that statistics serve data of the same content under another
// name.
func noteOtherName(c *console, was, is string) {
	if was != "" && was != is {
		c.note("the statistics were made when the data was called %s; its content is the same", was)
	}
}
