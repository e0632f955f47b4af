package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/tensor"
)

// Bounds of what is drawn of weights.
const (
	shownFirst = 8    // cards outside of the fold
	allBars    = 9000 // channels on a page
	mostBars   = 200  // channels of a layer
	fewestBars = 24
)

// weightCard shows the ranges of the channels of a weight.
type weightCard struct {
	Node, Shape   string
	Width, Height float64
	BandTop       float64 // the range of the whole tensor
	BandHeight    float64
	Zero          float64
	Bars, Coarse  string // paths of the channels, and of those with few codes
	Stroke        float64
	High, Low     string // labels of the range
	Forms         []string
	Note          string

	worst float64
}

// allCodes is the number of codes that weights usually have.
const allCodes = 255

// weightCards draws all weights, those first that lose most, for one scale with so
// many codes.
func (c *Comparison) weightCards(codes int) (first, rest []weightCard) {
	if len(c.Weights) == 0 {
		return nil, nil
	}
	bars := min(mostBars, max(fewestBars, allBars/len(c.Weights)))
	var cards []weightCard
	for _, w := range c.Weights {
		cards = append(cards, c.weightCard(w, bars, codes))
	}
	order := slices.Clone(cards)
	slices.SortStableFunc(order, func(a, b weightCard) int { return cmp.Compare(a.worst, b.worst) })
	order = order[:min(shownFirst, len(order))]
	for _, w := range cards {
		if slices.ContainsFunc(order, func(o weightCard) bool { return o.Node == w.Node }) {
			continue
		}
		rest = append(rest, w)
	}
	return order, rest
}

func (c *Comparison) weightCard(w compare.Weights, bars, codes int) weightCard {
	k := weightCard{Node: w.Node, Shape: tensor.Shape(w.Shape).String(), Width: 260, Height: 96, worst: math.Inf(1)}
	var largest float64
	for i := range w.Min {
		largest = max(largest, math.Abs(float64(w.Min[i])), math.Abs(float64(w.Max[i])))
	}
	y := scale{-largest, largest, k.Height - 4, 4}
	k.BandTop, k.BandHeight, k.Zero = y.to, y.from-y.to, y.at(0)
	k.High, k.Low = short(largest), short(-largest)
	coarse := k.draw(w, bars, y, 2*largest/float64(codes))
	if coarse > 0 {
		k.Note = fmt.Sprintf("%d of %d channels would use fewer than 16 codes of one scale", coarse, len(w.Min))
	}
	k.forms(c, w)
	return k
}

// draw draws the channels by the width of their range, every so many of them where
// there is no room for all, and counts those that are coarse with one scale.
func (k *weightCard) draw(w compare.Weights, bars int, y scale, oneScale float64) (coarse int) {
	type channel struct{ lo, hi float64 }
	all := make([]channel, len(w.Min))
	for i := range all {
		all[i] = channel{float64(w.Min[i]), float64(w.Max[i])}
	}
	slices.SortStableFunc(all, func(a, b channel) int { return cmp.Compare(a.hi-a.lo, b.hi-b.lo) })
	few := func(a channel) bool { return max(math.Abs(a.lo), math.Abs(a.hi)) < 8*oneScale }
	for _, a := range all {
		if few(a) {
			coarse++
		}
	}
	n := min(bars, len(all))
	x := scale{0, float64(n), 2, k.Width - 2}
	k.Stroke = min(5, max(1, 0.7*(x.to-x.from)/float64(n)))
	var plain, red strings.Builder
	for i := range n {
		a := all[i*(len(all)-1)/max(1, n-1)]
		path := &plain
		if few(a) {
			path = &red
		}
		fmt.Fprintf(path, "M%s %sV%s", num(x.at(float64(i)+0.5)), num(y.at(a.lo)+0.5), num(y.at(a.hi)-0.5))
	}
	k.Bars, k.Coarse = plain.String(), red.String()
	return coarse
}

// forms lists the distinct ways in which the variants quantize the weight.
func (k *weightCard) forms(c *Comparison, w compare.Weights) {
	variants := c.Int8Variants()
	for i, f := range w.Forms {
		if f == nil {
			continue
		}
		k.worst = min(k.worst, float64(f.SQNR))
		how := "per tensor"
		if f.PerChannel {
			how = "per channel"
		}
		if !variants[i].Made {
			how = variants[i].Name
		}
		text := fmt.Sprintf("%s %s", how, f.SQNR)
		if !slices.Contains(k.Forms, text) {
			k.Forms = append(k.Forms, text)
		}
	}
}
