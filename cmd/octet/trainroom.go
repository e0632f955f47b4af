package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// expect is Console.Expect for the results of a training; bytes estimates the size of the
// model.
func (f *trainingFlags) expect(c *console.Console, model *octet.Model, bytes int64, more ...console.Planned) error {
	files := append([]console.Planned{{Path: f.output, Bytes: bytes}, {Path: f.html, Bytes: console.PageSize}}, more...)
	if _, err := os.Stat(f.checkpoint); errors.Is(err, fs.ErrNotExist) { // nothing is continued
		files = append(files, console.Planned{Path: f.metrics, Bytes: 0})
		if f.checkpoint != "" { // parameters, and as much again for the momentum
			files = append(files, console.Planned{Path: f.checkpoint, Bytes: 2 * console.ParameterBytes(model)})
		}
	}
	return c.Expect(files...)
}
