package main

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/report"
)

// compareVariants opens and makes the variants, and measures them.
func compareVariants(c *console, cmd *cobra.Command, f *compareFlags, paths []string) (*report.Comparison, error) {
	ctx := cmd.Context()
	s := &comparison{c: c, f: f}
	if err := s.open(cmd, paths); err != nil {
		return nil, err
	}
	if err := s.make(ctx); err != nil {
		return nil, err
	}
	if len(s.variants) < 2 {
		return nil, usageError("%s alone has nothing to be compared with: name int8 models too, or --calibration to make some of a float one, or another --backend for an int8 one", paths[0])
	}
	s.describe()
	for _, step := range []func(context.Context) error{s.outputs, s.layers, s.advise, s.rounded, s.time} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.collect()
	s.choose()
	s.doc.Find()
	s.doc.Advise()
	return s.doc, nil
}

// describe begins the document.
func (s *comparison) describe() {
	reference := s.variants[0].model
	s.doc = &report.Comparison{
		Version: report.ComparisonVersion, Octet: s.f.version, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: engine.HostFeatures(), Threads: s.f.data.threads, Arch: reference.Arch(), Classes: reference.Classes(),
		Calibration: s.calibration,
	}
	if s.doc.Threads == 0 {
		s.doc.Threads = runtime.GOMAXPROCS(0)
	}
	if s.doc.Labels, _ = reference.Labels(); len(s.doc.Labels) == 1 {
		s.doc.Labels = bothLabels(s.doc.Labels[0], nil)
	}
}

// collect brings the variants into the document.
func (s *comparison) collect() {
	s.doc.Variants = nil
	for _, v := range s.variants {
		v.SizeRatio = ratio(v.Bytes, s.variants[0].Bytes)
		s.doc.Variants = append(s.doc.Variants, v.Variant)
	}
}
