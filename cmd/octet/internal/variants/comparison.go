package variants

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/report"
)

// Compare opens and makes the variants, and measures them.
func Compare(c *console.Console, cmd *cobra.Command, f *Options, paths []string) (*report.Comparison, error) {
	ctx := cmd.Context()
	s := &Comparison{Console: c, Options: f}
	if err := s.Open(cmd, paths); err != nil {
		return nil, err
	}
	if err := s.Make(ctx); err != nil {
		return nil, err
	}
	if len(s.Variants) < 2 {
		return nil, exit.Usagef("%s alone has nothing to be compared with: name int8 models too, or --calibration to make some of a float one, or another --backend for an int8 one", paths[0])
	}
	s.Describe()
	for _, step := range []func(context.Context) error{s.Outputs, s.layers, s.advise, s.rounded, s.time} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.Collect()
	s.Choose()
	s.Doc.Find()
	s.Doc.Advise()
	return s.Doc, nil
}

// Describe begins the document.
func (s *Comparison) Describe() {
	reference := s.Variants[0].Model
	s.Doc = &report.Comparison{
		Version: report.ComparisonVersion, Octet: s.Options.Version, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: engine.HostFeatures(), Threads: s.Options.Data.Threads, Arch: reference.Arch(), Classes: reference.Classes(),
		Calibration: s.calibration,
	}
	if s.Doc.Threads == 0 {
		s.Doc.Threads = cpu.Threads()
	}
	s.Doc.Vectors = inputs.TakesImages(reference) != nil
	s.Doc.Labels, _ = reference.ClassNames(nil)
}

// Collect adds the variants to the document.
func (s *Comparison) Collect() {
	s.Doc.Variants = nil
	for _, v := range s.Variants {
		v.SizeRatio = console.Ratio(v.Bytes, s.Variants[0].Bytes)
		s.Doc.Variants = append(s.Doc.Variants, v.Variant)
	}
}
