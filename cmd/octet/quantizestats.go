package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/atomicfile"
)

// withRemedy adds to the error of statistics that do not fit what to do about --stats.
func (f *quantizeFlags) withRemedy(err error) error {
	if f.stats != "" && errors.Is(err, octet.ErrStatistics) {
		return fmt.Errorf("%w\nremove %s to calibrate again, or name another --stats", err, f.stats)
	}
	return err
}

// readStatistics returns the statistics of --stats, nil where the file does not
// exist yet.
func (f *quantizeFlags) readStatistics(c *console.Console) (*octet.Calibration, error) {
	if f.stats == "" {
		return nil, nil
	}
	file, err := os.Open(f.stats)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	defer file.Close()
	s, err := octet.ReadCalibration(file)
	if err != nil {
		return nil, exit.WithCode(exit.Data, fmt.Errorf("--stats %s: %w", f.stats, err))
	}
	if !s.Complete {
		c.Note("calibration continues behind the %d inputs of %s", s.Images, f.stats)
	}
	return s, nil
}

// saveStatistics writes the statistics, also after an interruption.
func (f *quantizeFlags) saveStatistics(c *console.Console, s *octet.Calibration) error {
	if f.stats == "" || s == nil || s.Images == 0 {
		return nil
	}
	err := atomicfile.Write(f.stats, s.Write)
	if err == nil && !s.Complete {
		c.Line(fmt.Sprintf("the statistics of %d inputs are saved in %s: the same command continues there", s.Images, f.stats))
	}
	return exit.WithCode(exit.Output, err)
}
