package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

// depthChart shows a ratio over the layers, in order of computation, for every
// variant.
type depthChart struct {
	Width, Height     float64
	Left, Right       float64 // of the plot
	Top, Bottom       float64
	Bands             []band
	Ticks             []tick
	Lines             []depthLine
	Marks             []mark     // names of single layers
	Ends              []endLabel // names of the lines
	Caption           string     // what the labels of bands leave out
	ExactAt           float64
	HasExact, AsLines bool
}

// band is a module in the background.
type band struct {
	X, Width, Middle float64
	Label            string // empty where there is no room
	Name             string
	Odd              bool
}

type depthLine struct {
	ink
	Name   string
	Best   bool
	Path   string
	Points []depthPoint // with their names
	Dots   string       // a path of them without, where they are too many

	proposed bool
}

type depthPoint struct {
	X, Y  float64
	Title string
	Gap   bool // no line leads to it
	node  string
}

type mark struct {
	X, Y  float64
	Label string
	End   bool // the text ends there
}

// namedPoints bounds the points of a chart that tell their names.
const namedPoints = 1500

// layerNames are the int8 layers of all variants, in order of computation.
func (c *Comparison) layerNames() []string {
	var names []string
	for _, v := range c.Variants {
		at := 0
		for _, l := range v.Layers {
			if i := slices.Index(names, l.Node); i >= 0 {
				at = i + 1
			} else if l.Int8 {
				names = slices.Insert(names, at, l.Node)
				at++
			}
		}
	}
	return names
}

// depth draws what of gives for every layer, as lines or as dots.
func (c *Comparison) depth(pens []ink, lines bool, of func(compare.Layer) compare.Decibels) *depthChart {
	names := c.layerNames()
	if len(names) < 2 {
		return nil
	}
	d := &depthChart{Width: 1080, Height: 344, Left: 44, Right: 1070, Top: 20, Bottom: 300, AsLines: lines}
	if lines {
		d.Right -= endLabelRoom
	}
	x := scale{0, float64(len(names) - 1), d.Left + 8, d.Right - 8}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range c.Variants {
		for _, l := range v.Layers {
			switch r := of(l.Layer); {
			case r.Known() && (l.Int8 || lines && slices.Contains(names, l.Node)):
				lo, hi = min(lo, float64(r)), max(hi, float64(r))
			case math.IsInf(float64(r), 1) && lines && slices.Contains(names, l.Node):
				d.HasExact = true
			}
		}
	}
	if hi < lo {
		lo, hi = 0, 10
	}
	y := scale{5 * math.Floor(lo/5), 5 * math.Ceil(hi/5), d.Bottom, d.Top}
	if y.lo == y.hi {
		y.hi += 5
	}
	if d.HasExact {
		d.ExactAt = d.Top + 4
		y.to = d.Top + 24
	}
	d.Ticks = y.ticks(7)
	d.Bands, d.Caption = bands(names, x)
	index := map[string]int{}
	for i, n := range names {
		index[n] = i
	}
	best := c.Best()
	for i, v := range c.Variants {
		if len(v.Layers) > 0 && (best == nil || v.Name != best.Name) {
			d.Lines = append(d.Lines, d.line(v, pens[i], index, x, y, of))
		}
	}
	for i, v := range c.Variants {
		if best != nil && v.Name == best.Name && len(v.Layers) > 0 { // over the others
			d.Lines = append(d.Lines, d.line(v, pens[i], index, x, y, of))
			d.Lines[len(d.Lines)-1].Best = true
		}
	}
	d.spread()
	if lines {
		d.ends()
	}
	return d
}

func (d *depthChart) line(v Variant, pen ink, index map[string]int, x, y scale, of func(compare.Layer) compare.Decibels) depthLine {
	line := depthLine{ink: pen, Name: v.Name, proposed: v.Proposed}
	gap := false
	for _, l := range v.Layers {
		at, ok := index[l.Node]
		if !ok {
			continue
		}
		r := of(l.Layer)
		px, py := x.at(float64(at)), y.at(float64(r))
		switch {
		case !l.Int8 && !d.AsLines, !r.Known() && !d.AsLines, math.IsNaN(float64(r)):
			gap = true
			continue
		case !r.Known():
			py = d.ExactAt
		}
		line.Points = append(line.Points, depthPoint{X: px, Y: py, Title: fmt.Sprintf("%s, %s: %s", l.Node, v.Name, r), Gap: gap, node: l.Node})
		gap = false
	}
	return line
}

// label writes the names of some layers beside their points.
func (d *depthChart) label(variant string, layers []compare.Layer) {
	for _, line := range d.Lines {
		if line.Name != variant {
			continue
		}
		for _, l := range layers {
			for _, p := range line.Points {
				if p.node == l.Node && !d.crowded(p) {
					m := mark{p.X + 7, p.Y + 4, l.Node, p.X > d.Right-160}
					if m.End {
						m.X = p.X - 7
					}
					d.Marks = append(d.Marks, m)
				}
			}
		}
	}
}

// crowded reports whether a name at p would cover another.
func (d *depthChart) crowded(p depthPoint) bool {
	return slices.ContainsFunc(d.Marks, func(m mark) bool {
		return math.Abs(m.X-p.X) < 150 && math.Abs(m.Y-4-p.Y) < 13
	})
}

// thin replaces the points by plain dots where they are too many. It comes after
// label.
func (d *depthChart) thin() {
	total := 0
	for _, line := range d.Lines {
		total += len(line.Points)
	}
	if total <= namedPoints {
		return
	}
	for i := range d.Lines {
		var dots strings.Builder
		for _, p := range d.Lines[i].Points {
			fmt.Fprintf(&dots, "M%s %sh0", num(p.X), num(p.Y))
		}
		d.Lines[i].Dots, d.Lines[i].Points = dots.String(), nil
	}
}

// bands groups layers by the first part of their names, or by the first two where
// most layers have the first in common: then labels leave it out, and the caption
// says so.
func bands(names []string, x scale) (out []band, caption string) {
	parts, common := 1, ""
	if name, n := largest(names); n > len(names)*6/10 {
		parts, common = 2, name+"."
		caption = "numbers are those of " + name
	}
	step := (x.to - x.from) / max(1, x.hi-x.lo)
	for i := 0; i < len(names); {
		j := i
		for j < len(names) && module(names[j], parts) == module(names[i], parts) {
			j++
		}
		from, to := x.at(float64(i)), x.at(float64(j-1))
		b := band{X: from - step/2, Width: to - from + step, Middle: (from + to) / 2, Name: module(names[i], parts), Odd: len(out)%2 == 1}
		if label := strings.TrimPrefix(b.Name, common); b.Width > 6.2*float64(len(label))+4 {
			b.Label = label
		}
		out = append(out, b)
		i = j
	}
	return out, caption
}

// largest is the first part of most names, and how many have it.
func largest(names []string) (name string, n int) {
	count := map[string]int{}
	for _, full := range names {
		first := module(full, 1)
		if count[first]++; count[first] > n {
			name, n = first, count[first]
		}
	}
	return name, n
}

func module(name string, parts int) string {
	p := strings.Split(name, ".")
	return strings.Join(p[:min(parts, len(p))], ".")
}
