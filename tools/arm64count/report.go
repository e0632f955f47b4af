package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// result is a row of the table: one inference of a model on a core.
type result struct {
	Model    string     `json:"model"`
	Core     string     `json:"core"`
	Counts   counts     `json:"instructions"`
	Steady   int64      `json:"steady"`           // without Go's runtime, which depends on the machine's load
	Portable float64    `json:"portable_percent"` // kernels in Go
	Outside  float64    `json:"outside_percent"`  // the engine, what it calls, and Go's runtime
	Top      []function `json:"functions"`
	ORT      *counts    `json:"onnxruntime,omitempty"` // the same model
}

type function struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
}

func newResult(model, core string, p *profile, top int) result {
	percent := func(n int64) float64 { return 100 * float64(n) / float64(p.total.Total) }
	r := result{Model: model, Core: core, Counts: p.total, Steady: p.total.Total - p.kinds[waiting],
		Portable: percent(p.kinds[portable]), Outside: percent(p.kinds[outside] + p.kinds[waiting])}
	for _, name := range p.top(top) {
		r.Top = append(r.Top, function{name, percent(p.function[name])})
	}
	return r
}

// ratio is octet's count over ONNX Runtime's, all instructions of either.
func (r result) ratio() string {
	return fmt.Sprintf("%.2f", float64(r.Counts.Total)/float64(r.ORT.Total))
}

func millions(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

func (c counts) String() string {
	return fmt.Sprintf("%s M; simd %s, load %s, store %s, dot %s, mmla %s, mull %s, fmla %s", millions(c.Total),
		millions(c.SIMD), millions(c.Load), millions(c.Store), millions(c.Dot), millions(c.MMLA), millions(c.Mull), millions(c.FMLA))
}

// String is the result on some lines, in millions of instructions.
func (r result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s: %s; %.1f %% portable kernels, %.1f %% outside", r.Model, r.Core, r.Counts, r.Portable, r.Outside)
	if r.ORT != nil {
		fmt.Fprintf(&b, "\n  ONNX Runtime: %s; ratio %s", r.ORT, r.ratio())
	}
	for _, f := range r.Top {
		fmt.Fprintf(&b, "\n  %5.1f %%  %s", f.Percent, f.Name)
	}
	return b.String()
}

// kept are the results of a file, and the new ones in place of those of the same model and core.
func kept(results []result, path string) ([]result, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return results, nil
	} else if err != nil {
		return nil, err
	}
	var all []result
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range results {
		if i := slices.IndexFunc(all, func(old result) bool { return r.Model == old.Model && r.Core == old.Core }); i < 0 {
			all = append(all, r)
		} else {
			r.ORT = cmp.Or(r.ORT, all[i].ORT) // which was counted once, of the same model
			all[i] = r
		}
	}
	slices.SortFunc(all, func(a, b result) int { return strings.Compare(a.Model+a.Core, b.Model+b.Core) })
	return all, nil
}

// writeFigures puts results into a file of JSON, beside those that it has, and all of them
// into a table; files without a name are not written.
func writeFigures(results []result, path, table string) error {
	if path == "" {
		return writeTable(results, table)
	}
	all, err := kept(results, path)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(path, append(text, '\n'), 0o666), writeTable(all, table))
}

// writeTable puts a table of them into a file, unless it has no name.
func writeTable(results []result, path string) error {
	if path == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprint(&b, "Millions of instructions of one inference, one thread, counted by `go run ./tools/arm64count` under qemu; its\n"+
		"-ort counts ONNX Runtime 1.32.0 on the same model. `octet` is every instruction of the process, Go's runtime among\n"+
		"them, and `ratio` is that over all of ONNX Runtime's: below 1.00, octet needs fewer. `outside` is the share of what\n"+
		"is not in kernels: the engine and Go's runtime. The runtime does more the longer an inference takes, and under\n"+
		"qemu it takes long: on a board its share is smaller. ONNX Runtime has kernels for SVE, octet has none: the vectors of\n"+
		"`max` are 64 bytes long, longer than those of any core with I8MM; neoverse-v1 has them as that core does, 32 bytes.\n\n")
	fmt.Fprintln(&b, "| model | core | octet | simd | load | store | dot | mmla | mull | fmla | portable kernels | outside | "+
		"ONNX Runtime | ratio | most in |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		theirs, ratio := "", ""
		if r.ORT != nil {
			theirs, ratio = millions(r.ORT.Total), r.ratio()
		}
		var top []string
		for _, f := range r.Top[:min(3, len(r.Top))] {
			top = append(top, fmt.Sprintf("%s %.0f %%", f.Name, f.Percent))
		}
		c := r.Counts
		fmt.Fprintf(&b, "| %s | %s |", r.Model, r.Core)
		for _, n := range []int64{c.Total, c.SIMD, c.Load, c.Store, c.Dot, c.MMLA, c.Mull, c.FMLA} {
			fmt.Fprintf(&b, " %s |", millions(n))
		}
		fmt.Fprintf(&b, " %.1f %% | %.1f %% | %s | %s | %s |\n", r.Portable, r.Outside, theirs, ratio, strings.Join(top, ", "))
	}
	return os.WriteFile(path, []byte(b.String()), 0o666)
}
