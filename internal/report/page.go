package report

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

//go:embed page.css
var pageCSS string

// word is a part of a sentence.
type word struct {
	Text string
	Flag bool // of a command line, with its value
}

// words cuts out the flags of a sentence, which must not be broken.
func words(s string) []word {
	var list []word
	at := 0
	for _, m := range flagPattern.FindAllStringIndex(s, -1) {
		list = append(list, word{s[at:m[0]], false}, word{s[m[0]:m[1]], true})
		at = m[1]
	}
	return append(list, word{s[at:], false})
}

var flagPattern = regexp.MustCompile(`--[a-z-]+( [a-z]+(,[a-z]+)+)?`)

// Bounds of lists on a page.
const (
	shownChanged = 24
	shownCells   = 2500 // layers of all variants, beyond which only some variants are listed
)

// page is what is shown.
type page struct {
	*Comparison
	Title   string
	On      string // what was compared on
	System  string
	Tiles   []tile
	Legend  []legendEntry
	Rows    []pageRow
	Columns columns

	Size, Time           *barChart
	Accumulated, Added   *depthChart
	Guilty               []guiltyRow
	Trials               []trialRow
	Weights, MoreWeights []weightCard
	Ranges, MoreRanges   []histogramCard
	Matrices             []matrix
	Changed              *changedTable
	Layers               *layerTable
	Codes                bool // the reference computes codes too
}

// tile is a figure that is seen first.
type tile struct{ Value, Label, Note string }

type legendEntry struct {
	ink
	Name string
}

// columns of the table of variants that have content.
type columns struct{ Accuracy, Top5, Cosine, Time bool }

type pageRow struct {
	ink
	variantRow
	Notes []string
}

func (c *Comparison) page() *page {
	pens := inks(c)
	p := &page{
		Comparison: c, Title: c.Subject() + ": variants side by side", On: sentence(c.Inputs.text()),
		System: fmt.Sprintf("octet %s, %s with %s, %s", c.Octet, c.System, c.CPU, threadsText(c.Threads)),
		Tiles:  c.tiles(), Size: c.sizeBars(pens), Time: c.timeBars(pens),
		Accumulated: c.depth(pens, true, func(l compare.Layer) compare.Decibels { return l.Accumulated }),
		Added:       c.depth(pens, false, func(l compare.Layer) compare.Decibels { return l.Introduced }),
		Layers:      c.layerTable(pens), Codes: c.Reference().Kind == Int8,
	}
	p.Rows, p.Columns = c.pageRows(pens)
	p.Columns.Cosine = c.Vectors
	for i, v := range c.Variants {
		if i > 0 && v.Kind == Int8 {
			p.Legend = append(p.Legend, legendEntry{pens[i], v.Name})
		}
	}
	p.Weights, p.MoreWeights = c.weightCards(allCodes)
	p.Ranges, p.MoreRanges = c.histogramCards(pens)
	shown := c.Best()
	if shown == nil {
		shown = &c.Variants[len(c.Variants)-1]
	}
	p.Matrices, p.Changed = c.confusions(shown), c.changed(shown)
	if a := c.Advice; a != nil {
		p.Guilty, p.Trials = c.guiltyRows(), trialRows(a.Exclusions)
		if p.Added != nil {
			p.Added.label(a.Variant, a.Guilty)
		}
	}
	for _, d := range []*depthChart{p.Accumulated, p.Added} {
		if d != nil {
			d.thin()
		}
	}
	return p
}

// tiles are the figures of the best variant, or of a file under other rules.
func (c *Comparison) tiles() []tile {
	v := c.Best()
	if v == nil {
		v = &c.Variants[len(c.Variants)-1]
	}
	o := v.Outputs
	tiles := []tile{{percentText(o.Agreement), "same answers", differNote(o)}}
	if a, r := o.Accuracy, c.Reference().Outputs.Accuracy; a != nil && r != nil {
		tiles = append([]tile{{percentText(a.Top1Percent), "top-1", signed(a.Top1Percent-r.Top1Percent) + " points"}}, tiles...)
	}
	note := "signal to noise of the logits"
	if c.Vectors {
		tiles = []tile{{cosineText(o.Cosine), "cosine", cosineText(o.MinCosine) + " at least"}}
		note = "signal to noise of the outputs"
	}
	if v.Backend != v.MadeFor {
		note = percentText(o.Equal) + " of the logits equal to the bit"
	}
	tiles = append(tiles, tile{o.SQNR.String(), "SQNR", note})
	if c.Reference().Kind == Float {
		tiles = append(tiles, tile{fmt.Sprintf("%.2f ×", v.SizeRatio), "size", Size(v.Bytes) + " for " + Size(c.Reference().Bytes)})
	}
	if l := v.Latency; l != nil && l.Speed != nil {
		tiles = append(tiles, tile{l.Speed.factor(), "speed", millisText(l.P50) + " for " + millisText(c.Reference().Latency.P50)})
	}
	return tiles
}

// differNote is what a tile of answers says below its figure.
func differNote(o *compare.Outputs) string {
	text := fmt.Sprintf("%d of %d differ", o.ChangedCount, o.Inputs)
	if o.Inputs < FewInputs {
		return text + ": too few to say more"
	}
	return text + fmt.Sprintf("; with 95 %% confidence at most %.1f %%", compare.ShareInterval(o.ChangedCount, o.Inputs).High)
}

// pageRows are the rows of the table of variants, and which columns it has.
func (c *Comparison) pageRows(pens []ink) ([]pageRow, columns) {
	var rows []pageRow
	var cols columns
	for i, r := range c.rows() {
		rows = append(rows, pageRow{pens[i], r, r.notes()})
		cols.Accuracy = cols.Accuracy || r.Top1 != ""
		cols.Top5 = cols.Top5 || r.Top5 != ""
		cols.Time = cols.Time || r.Time != ""
	}
	return rows, cols
}

// notes are what a reader has to know of a variant.
func (v *Variant) notes() []string {
	var notes []string
	if v.Kind == Int8 && v.Backend != v.MadeFor {
		notes = append(notes, "made for "+v.MadeFor)
	}
	if n := len(v.FloatNodes); v.Kind == Int8 && n > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d layers in float", n, n+v.Int8Nodes))
	}
	if n := len(v.Saturation); n > 0 {
		notes = append(notes, "PyTorch on AVX2 may saturate in "+countOf(n, "layer"))
	}
	if v.Kind == Int8 && !v.Made {
		notes = append(notes, strings.TrimSpace(v.Backend+" "+v.Weights))
	}
	return notes
}
