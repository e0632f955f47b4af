package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/octet-ml/octet"
)

// expect is console.expect for the results of a training: bytes is about the size
// of the model that is written.
func (f *trainingFlags) expect(c *console, model *octet.Model, bytes int64, more ...planned) error {
	files := append([]planned{{f.output, bytes}, {f.html, pageSize}}, more...)
	if _, err := os.Stat(f.checkpoint); errors.Is(err, fs.ErrNotExist) { // nothing is continued
		files = append(files, planned{f.metrics, 0})
		if f.checkpoint != "" { // parameters, and as much again for the momentum
			files = append(files, planned{f.checkpoint, 2 * parameterBytes(model)})
		}
	}
	return c.expect(files...)
}
