package report

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

type guiltyRow struct {
	Node, Op, Adds, Weights, Coarse, Cut string
	Differ, Alone                        string
	WeightShare, ResultShare             float64 // percent, of what the layer adds
}

type trialRow struct {
	What, Layers, MACs, SQNR, Gain, Agrees string
	Bar                                    float64 // percent of the largest gain
	Proposal                               bool
}

type changedTable struct {
	Variant string
	Count   int
	Rows    []changedRow
	Labels  bool
}

type changedRow struct{ Input, Label, Want, Got, Class string }

type layerTable struct {
	Variants []legendEntry
	Rows     []layerRow
}

type layerRow struct {
	Node, Op string
	Cells    []layerCell
}

type layerCell struct{ Accumulated, Introduced string }

func (c *Comparison) guiltyRows() []guiltyRow {
	var rows []guiltyRow
	for _, g := range c.guilty() {
		r := guiltyRow{Node: g.Node, Op: g.Op, Adds: g.Introduced.String(), Weights: g.weights(), Coarse: g.coarse(), Cut: g.cut(), Differ: percentOf(g.Differ), Alone: percentOf(g.DifferAlone)}
		if p := g.Parts; p != nil && p.Weights+p.Result > 0 {
			r.WeightShare = 100 * p.Weights / (p.Weights + p.Result)
			r.ResultShare = 100 - r.WeightShare
		}
		rows = append(rows, r)
	}
	return rows
}

func trialRows(e *compare.Exclusions) []trialRow {
	if e == nil || len(e.Trials) == 0 {
		return nil
	}
	largest := 0.1
	for _, t := range e.Trials {
		largest = max(largest, t.Gain)
	}
	if e.Proposal != nil {
		largest = max(largest, e.Proposal.Gain)
	}
	row := func(t compare.Trial) trialRow {
		return trialRow{
			What: strings.Join(t.Exclude, ", "), Layers: fmt.Sprint(t.Layers), MACs: fmt.Sprintf("%.1f %%", t.MACs), SQNR: t.SQNR.String(),
			Gain: signed(t.Gain) + " dB", Agrees: percentText(t.Agreement), Bar: 100 * max(0, t.Gain) / largest,
		}
	}
	var rows []trialRow
	if e.Proposal != nil {
		r := row(*e.Proposal)
		r.Proposal = true
		rows = append(rows, r)
	}
	for _, t := range e.Trials {
		rows = append(rows, row(t))
	}
	return append(rows, trialRow{What: "nothing", SQNR: e.SQNR.String(), Agrees: percentText(e.Agreement)})
}

// changed lists the first inputs that got another answer.
func (c *Comparison) changed(v *Variant) *changedTable {
	if len(v.Outputs.Changed) == 0 {
		return nil
	}
	t := &changedTable{Variant: v.Name, Count: v.Outputs.ChangedCount}
	for _, x := range v.Outputs.Changed[:min(shownChanged, len(v.Outputs.Changed))] {
		r := changedRow{Input: x.Input, Want: c.label(x.Want), Got: c.label(x.Got)}
		if x.Label != nil {
			t.Labels = true
			r.Label = c.label(*x.Label)
			switch *x.Label {
			case x.Want:
				r.Class = "wrong"
			case x.Got:
				r.Class = "right"
			}
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// layerTable lists all layers: of all variants, or of large models of those that
// are written about.
func (c *Comparison) layerTable(pens []ink) *layerTable {
	names := c.layerNames()
	t := &layerTable{}
	var byName []map[string]Layer
	crowded := len(names)*len(c.Variants) > shownCells
	for i := range c.Variants {
		v := &c.Variants[i]
		if len(v.Layers) == 0 || crowded && v != c.Best() && (c.Advice == nil || v.Name != c.Advice.Variant) {
			continue
		}
		t.Variants = append(t.Variants, legendEntry{pens[i], v.Name})
		m := map[string]Layer{}
		for _, l := range v.Layers {
			m[l.Node] = l
		}
		byName = append(byName, m)
	}
	if len(names) == 0 || len(t.Variants) == 0 {
		return nil
	}
	for _, n := range names {
		r := layerRow{Node: n}
		for _, m := range byName {
			l, ok := m[n]
			if ok {
				r.Op = l.Op
			}
			r.Cells = append(r.Cells, cellOf(l, ok))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

func cellOf(l Layer, ok bool) layerCell {
	switch accumulated := strings.TrimSuffix(l.Accumulated.String(), " dB"); {
	case !ok:
		return layerCell{}
	case !l.Int8:
		return layerCell{accumulated, "float"}
	default:
		return layerCell{accumulated, strings.TrimSuffix(l.Introduced.String(), " dB")}
	}
}
