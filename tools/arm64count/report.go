package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// result is a row of the table: one inference of a model on a core.
type result struct {
	Model    string     `json:"model"`
	Core     string     `json:"core"`
	Counts   counts     `json:"instructions"`
	Portable float64    `json:"portable_percent"` // kernels in Go
	Outside  float64    `json:"outside_percent"`  // of kernels: the engine and Go's runtime
	Top      []function `json:"functions"`
}

type function struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
}

func newResult(model, core string, p *profile, top int) result {
	percent := func(n int64) float64 { return 100 * float64(n) / float64(p.total.Total) }
	r := result{Model: model, Core: core, Counts: p.total,
		Portable: percent(p.kinds[portable]), Outside: percent(p.kinds[outside])}
	for _, name := range p.top(top) {
		r.Top = append(r.Top, function{name, percent(p.function[name])})
	}
	return r
}

func millions(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

// String is the result on some lines, in millions of instructions.
func (r result) String() string {
	var b strings.Builder
	c := r.Counts
	fmt.Fprintf(&b, "%s, %s: %s M; simd %s, load %s, store %s, dot %s, mmla %s, mull %s, fmla %s; %.1f %% portable kernels, %.1f %% outside",
		r.Model, r.Core, millions(c.Total), millions(c.SIMD), millions(c.Load), millions(c.Store), millions(c.Dot),
		millions(c.MMLA), millions(c.Mull), millions(c.FMLA), r.Portable, r.Outside)
	for _, f := range r.Top {
		fmt.Fprintf(&b, "\n  %5.1f %%  %s", f.Percent, f.Name)
	}
	return b.String()
}

// write puts all results into a file, unless it has no name.
func write(results []result, path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
