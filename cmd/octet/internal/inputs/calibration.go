package inputs

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// QuantizeError gives an error of octet.Quantize its exit code.
func QuantizeError(calibration string, err error) error {
	switch {
	case errors.Is(err, octet.ErrCalibration):
		return exit.WithCode(exit.Data, fmt.Errorf("%s: %w", calibration, err))
	case errors.Is(err, octet.ErrRecipe):
		return exit.WithCode(exit.Usage, err)
	}
	return exit.WithCode(exit.Model, err)
}

// NoteOtherName says that statistics serve data of the same content under another
// name.
func NoteOtherName(c *console.Console, was, is string) {
	if was != "" && was != is {
		c.Note("the statistics were made when the data was called %s; its content is the same", was)
	}
}
