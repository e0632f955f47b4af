package report

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Shapes of the points of a variant.
const (
	circle  = "circle"
	square  = "square"
	diamond = "diamond"
)

// beside is how far apart lines are drawn that would hide each other, in pixels.
const beside = 3.5

// spread draws points apart that would hide each other: those of one layer that are
// closer than a line is wide stand side by side, in the order of the lines. Their
// titles keep the figures.
func (d *depthChart) spread() {
	at := map[float64][]*depthPoint{}
	var columns []float64
	for i := range d.Lines {
		for j := range d.Lines[i].Points {
			p := &d.Lines[i].Points[j]
			if at[p.X] == nil {
				columns = append(columns, p.X)
			}
			at[p.X] = append(at[p.X], p)
		}
	}
	for _, x := range columns {
		for _, group := range touching(at[x]) {
			middle := 0.0
			for _, p := range group {
				middle += p.Y / float64(len(group))
			}
			for k, p := range group {
				off := (float64(k) - float64(len(group)-1)/2) * beside
				if d.AsLines {
					p.Y = middle + off
				} else {
					p.X += off
				}
			}
		}
	}
	for i := range d.Lines {
		d.Lines[i].draw()
	}
}

// touching groups the points of a column that would hide each other; those of a group
// are in the order of the lines.
func touching(points []*depthPoint) [][]*depthPoint {
	order := map[*depthPoint]int{}
	for i, p := range points {
		order[p] = i
	}
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(a, b *depthPoint) int { return cmp.Compare(a.Y, b.Y) })
	var groups [][]*depthPoint
	for i, p := range sorted {
		if i > 0 && p.Y-sorted[i-1].Y < beside {
			groups[len(groups)-1] = append(groups[len(groups)-1], p)
		} else {
			groups = append(groups, []*depthPoint{p})
		}
	}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b *depthPoint) int { return cmp.Compare(order[a], order[b]) })
	}
	return groups
}

// draw makes the path of a line from its points, with gaps before those that begin
// anew.
func (l *depthLine) draw() {
	var path polyline
	for _, p := range l.Points {
		if p.Gap {
			path.gap()
		}
		path.to(p.X, p.Y)
	}
	l.Path = path.String()
}

// endLabel is the name of a line beside its end.
type endLabel struct {
	ink
	X, Y, FromX, FromY float64
	Name               string
}

// endLabelRoom is the room for names beside a chart, in pixels.
const endLabelRoom = 178

// ends writes the names of lines beside their ends, none over another.
func (d *depthChart) ends() {
	for _, l := range d.Lines {
		if n := len(l.Points); n > 0 {
			p := l.Points[n-1]
			d.Ends = append(d.Ends, endLabel{ink: l.ink, X: d.Right + 16, Y: p.Y, FromX: p.X, FromY: p.Y, Name: endName(l.Name, l.proposed)})
		}
	}
	slices.SortStableFunc(d.Ends, func(a, b endLabel) int { return cmp.Compare(a.Y, b.Y) })
	const line = 13.0
	for i := range d.Ends {
		if i > 0 {
			d.Ends[i].Y = math.Max(d.Ends[i].Y, d.Ends[i-1].Y+line)
		}
	}
	low := d.Bottom + 8
	for i := len(d.Ends) - 1; i >= 0 && d.Ends[i].Y > low; i-- {
		d.Ends[i].Y = low
		low -= line
	}
}

// endName shortens the name of a variant to the room beside a chart.
func endName(name string, proposed bool) string {
	if head, _, ok := strings.Cut(name, ", "); ok && proposed { // the layers in float are behind it
		name = head + ", proposed"
	}
	name = strings.NewReplacer("per-channel", "channel", "per-tensor", "tensor").Replace(name)
	if r := []rune(name); len(r) > 27 {
		return string(r[:26]) + "…"
	}
	return name
}
