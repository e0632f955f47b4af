package report

import (
	"math"
	"strconv"
	"strings"
)

// scale maps values to pixels.
type scale struct{ lo, hi, from, to float64 }

func (s scale) at(v float64) float64 {
	if s.hi == s.lo {
		return (s.from + s.to) / 2
	}
	return s.from + (s.to-s.from)*(min(max(v, s.lo), s.hi)-s.lo)/(s.hi-s.lo)
}

// num writes a coordinate with one decimal.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// short writes a value with three digits.
func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "?"
	}
	return strings.ReplaceAll(strconv.FormatFloat(v, 'g', 3, 64), "-", "−")
}

// tick is a labelled place on an axis.
type tick struct {
	At    float64
	Label string
}

// ticks are round values of s, at most about n.
func (s scale) ticks(n int) []tick {
	span := s.hi - s.lo
	if !(span > 0) || math.IsInf(span, 0) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, f := range []float64{1, 2, 5, 10} {
		if span/(step*f) <= float64(n) {
			step *= f
			break
		}
	}
	var list []tick
	for v := math.Ceil(s.lo/step) * step; v <= s.hi+step/1e6; v += step {
		list = append(list, tick{s.at(v), short(math.Round(v/step) * step)})
	}
	return list
}

// polyline collects a path of straight lines; gaps begin new ones.
type polyline struct {
	b   strings.Builder
	pen bool // down
}

func (p *polyline) to(x, y float64) {
	if p.pen {
		p.b.WriteByte('L')
	} else {
		p.b.WriteByte('M')
	}
	p.b.WriteString(num(x) + " " + num(y))
	p.pen = true
}

func (p *polyline) gap() { p.pen = false }

func (p *polyline) String() string { return p.b.String() }

// ink is how a variant is drawn everywhere: a hue for each backend and recipe, or
// file, dashes and a shape of points for the granularity of weights; a proposal has
// its own.
type ink struct {
	Hue   int    // a class of the style sheet
	Dash  string // of lines; empty for solid ones
	Shape string // of points, shown in legends; circles without
}

// hues is the number of hues in the style sheet, without that of proposals.
const hues = 8

// inks gives every variant its ink.
func inks(c *Comparison) []ink {
	known := map[string]int{}
	out := make([]ink, len(c.Variants))
	for i, v := range c.Variants {
		if i == 0 || v.Kind == Float {
			out[i] = ink{Hue: hues - 1} // grey
			if i > 0 {
				out[i].Dash = "2 3"
			}
			continue
		}
		if v.Proposed {
			out[i] = ink{Hue: hues, Dash: "1 4", Shape: diamond}
			continue
		}
		key := "file " + v.Name
		if v.Made {
			key = "made " + v.Backend + " " + v.QConfig
		}
		hue, ok := known[key]
		if !ok {
			hue = len(known) % (hues - 1)
			known[key] = hue
		}
		out[i] = ink{Hue: hue, Shape: circle}
		if v.Weights == PerTensor {
			out[i].Dash, out[i].Shape = "6 4", square
		}
	}
	return out
}
