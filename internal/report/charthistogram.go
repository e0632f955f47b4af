package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

// histogramCard shows the distribution of a value, and the ranges that variants
// make codes of.
type histogramCard struct {
	Value         string
	Width, Height float64
	Base          float64 // where the bars stand
	Bars          string  // path of the outline
	Zero          float64
	HasZero       bool
	Low, High     string
	Clips         []clipBar
	Note          string

	outside float64
}

// clipBar is a range under the histogram.
type clipBar struct {
	ink
	Y, X1, X2 float64
	More      float64 // how far codes reach beyond it
	HasMore   bool
	Title     string
}

// Bounds of what is drawn of activations.
const (
	maxClips   = 6     // ranges of a card
	allBins    = 12000 // bins on a page
	fewestBins = 32    // of a card
)

// histogramCards draws all activations; first come those of guilty layers, then
// those of which most is cut off.
func (c *Comparison) histogramCards(pens []ink) (first, rest []histogramCard) {
	var cards []histogramCard
	for _, a := range c.Activations {
		cards = append(cards, c.histogramCard(coarser(a, max(fewestBins, allBins/len(c.Activations))), pens))
	}
	order := slices.Clone(cards)
	guilty := func(k histogramCard) bool {
		return c.Advice != nil && slices.ContainsFunc(c.Advice.Guilty, func(l compare.Layer) bool { return l.Node == k.Value })
	}
	slices.SortStableFunc(order, func(a, b histogramCard) int {
		if x, y := guilty(a), guilty(b); x != y {
			return map[bool]int{true: -1, false: 1}[x]
		}
		return cmp.Compare(b.outside, a.outside)
	})
	order = order[:min(shownFirst, len(order))]
	for _, k := range cards {
		if !slices.ContainsFunc(order, func(o histogramCard) bool { return o.Value == k.Value }) {
			rest = append(rest, k)
		}
	}
	return order, rest
}

// coarser joins pairs of bins until there are at most n.
func coarser(a compare.Activation, n int) compare.Activation {
	for len(a.Counts) > n {
		counts := make([]uint64, (len(a.Counts)+1)/2)
		for i, k := range a.Counts {
			counts[i/2] += k
		}
		a.Counts, a.Width = counts, 2*a.Width
	}
	return a
}

func (c *Comparison) histogramCard(a compare.Activation, pens []ink) histogramCard {
	k := histogramCard{Value: a.Value, Width: 260, Base: 92}
	end := a.Start + a.Width*float64(len(a.Counts))
	lo, hi := min(a.Start, 0), max(end, 0)
	for _, f := range a.Forms {
		if f != nil {
			lo, hi = min(lo, f.Min), max(hi, f.Max)
		}
	}
	// A range far wider than the values would leave nothing to be seen of them.
	lo, hi = max(lo, a.Start-(end-a.Start)), min(hi, end+(end-a.Start))
	x := scale{lo, hi, 2, k.Width - 2}
	k.Zero, k.HasZero = x.at(0), lo < 0 && hi > 0
	k.Low, k.High = short(lo), short(hi)
	k.Bars = outline(a, x, k.Base)
	k.clips(c, a, pens, x)
	k.Height = k.Base + 6 + 9*float64(len(k.Clips))
	return k
}

// outline is the histogram as one shape; heights are logarithmic.
func outline(a compare.Activation, x scale, base float64) string {
	var largest uint64 = 1
	for _, n := range a.Counts {
		largest = max(largest, n)
	}
	y := scale{0, math.Log1p(float64(largest)), base, 6}
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %s", num(x.at(a.Start)), num(base))
	for i, n := range a.Counts {
		fmt.Fprintf(&b, "V%sH%s", num(y.at(math.Log1p(float64(n)))), num(x.at(a.Start+a.Width*float64(i+1))))
	}
	fmt.Fprintf(&b, "V%sZ", num(base))
	return b.String()
}

// clips draws the distinct ranges.
func (k *histogramCard) clips(c *Comparison, a compare.Activation, pens []ink, x scale) {
	at := map[string]int{}
	j := 0
	for i, v := range c.Variants {
		if v.Kind != Int8 {
			continue
		}
		f := a.Forms[j]
		j++
		if f == nil {
			continue
		}
		if f.Outside > k.outside {
			k.outside = f.Outside
			k.Note = fmt.Sprintf("%.3g %% cut off (%s)", f.Outside, v.Name)
		}
		key := fmt.Sprintf("%.6g %.6g", f.Min, f.Max)
		if n, ok := at[key]; ok {
			k.Clips[n].Title += ", " + v.Name
			continue
		}
		if len(k.Clips) == maxClips {
			continue
		}
		at[key] = len(k.Clips)
		bar := clipBar{ink: pens[i], Y: k.Base + 7 + 9*float64(len(k.Clips)), X1: x.at(f.Min), X2: x.at(f.Max),
			Title: fmt.Sprintf("%s .. %s, scale %.4g, zero point %d: %s", short(f.Min), short(f.Max), f.Scale, f.ZeroPoint, v.Name)}
		if most := (255 - float64(f.ZeroPoint)) * f.Scale; most > f.Max*1.01 {
			bar.More, bar.HasMore = x.at(most), x.at(most) > bar.X2+1
		}
		k.Clips = append(k.Clips, bar)
	}
}
