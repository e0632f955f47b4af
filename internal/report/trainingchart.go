package report

import (
	"fmt"
	"math"
)

// curveChart shows values over the steps of a training.
type curveChart struct {
	Width, Height float64
	Left, Right   float64 // of the plot
	Top, Bottom   float64
	Unit          string
	Bands         []band
	Across, Up    []tick // of the steps, and of the values
	Faint         string // path of single values
	Line          string // path of their average
	Levels        []level
	Series        []dotted
	Caption       string
}

// level is a value to compare with.
type level struct {
	ink
	Y    float64
	Name string
}

// dotted is a line through points.
type dotted struct {
	ink
	Name   string
	Path   string
	Points []depthPoint
}

// maxPoints bounds the points of a path.
const maxPoints = 1000

// newCurve is an empty chart of the steps of t.
func (t *Training) newCurve(height float64) (c *curveChart, x scale) {
	c = &curveChart{Width: 1080, Height: height, Left: 52, Right: 1070, Top: 20, Bottom: height - 40, Caption: "steps"}
	first, last := t.From, t.From+len(t.Losses)
	for _, e := range t.Epochs {
		last = max(last, e.Step)
	}
	x = scale{float64(first), float64(max(last, first+1)), c.Left, c.Right}
	c.Across = x.ticks(10)
	for i, p := range t.Phases {
		from, to := x.at(float64(p.From)), x.at(float64(p.To))
		b := band{X: from, Width: to - from, Middle: (from + to) / 2, Name: p.Name, Odd: i%2 == 1}
		if b.Width > 6.2*float64(len(p.Name)) {
			b.Label = p.Name
		}
		c.Bands = append(c.Bands, b)
	}
	return c, x
}

// lossChart shows the loss of the steps and its average.
func (t *Training) lossChart() *curveChart {
	if len(t.Losses) < 3 {
		return nil
	}
	c, x := t.newCurve(320)
	lo, hi := math.Inf(1), math.Inf(-1)
	smooth := smoothed(t.Losses)
	for i := range t.Losses {
		lo, hi = min(lo, t.Losses[i], smooth[i]), max(hi, t.Losses[i], smooth[i])
	}
	y := scale{min(lo, 0.9*hi), hi, c.Bottom, c.Top}
	if lo < 0.4*hi {
		y.lo = 0
	}
	c.Up = y.ticks(6)
	c.Faint, c.Line = t.path(t.Losses, x, y, true), t.path(smooth, x, y, false)
	return c
}

// smoothed is a moving average that follows as closely as the length allows.
func smoothed(v []float64) []float64 {
	half := max(1, len(v)/40)
	out, sum, n := make([]float64, len(v)), 0.0, 0
	for i := -half; i < len(v); i++ {
		if j := i + half; j < len(v) {
			sum, n = sum+v[j], n+1
		}
		if j := i - half - 1; j >= 0 {
			sum, n = sum-v[j], n-1
		}
		if i >= 0 {
			out[i] = sum / float64(n)
		}
	}
	return out
}

// path draws a value for each step; of very many steps it shows the extremes of
// several, or, of a smooth line, some.
func (t *Training) path(v []float64, x, y scale, extremes bool) string {
	var p polyline
	per := (len(v) + maxPoints - 1) / maxPoints
	for i := 0; i < len(v); i += per {
		at := x.at(float64(t.From + i + 1))
		lo, hi := v[i], v[i]
		for _, w := range v[i:min(i+per, len(v))] {
			lo, hi = min(lo, w), max(hi, w)
		}
		p.to(at, y.at(hi))
		if extremes && lo != hi {
			p.to(at, y.at(lo))
		}
	}
	return p.String()
}

// rateChart shows the learning rate.
func (t *Training) rateChart() *curveChart {
	if len(t.Rates) < 3 {
		return nil
	}
	c, x := t.newCurve(170)
	hi := 0.0
	for _, v := range t.Rates {
		hi = max(hi, v)
	}
	y := scale{0, hi, c.Bottom, c.Top}
	c.Up = y.ticks(3)
	c.Line = t.path(t.Rates, x, y, false)
	return c
}

// accuracyChart shows the accuracies of the epochs, and those of other models.
func (t *Training) accuracyChart() *curveChart {
	evaluated := false
	for _, e := range t.Epochs {
		evaluated = evaluated || e.Eval != nil
	}
	if !evaluated {
		return nil
	}
	c, x := t.newCurve(320)
	c.Unit = "%"
	lo, hi := math.Inf(1), math.Inf(-1)
	see := func(v float64) { lo, hi = min(lo, v), max(hi, v) }
	for _, e := range t.Epochs {
		see(e.Train)
		if e.Eval != nil {
			see(*e.Eval)
		}
	}
	levels := t.Results
	if len(levels) > 1 {
		levels = levels[:len(levels)-1] // the last one is the training's
	}
	for _, r := range levels {
		if r.Top1 != nil {
			see(*r.Top1)
		}
	}
	room := max(0.2, 0.08*(hi-lo))
	y := scale{max(0, lo-room), min(100, hi+room), c.Bottom, c.Top}
	c.Up = y.ticks(6)
	for i, r := range levels {
		if r.Top1 != nil {
			c.Levels = append(c.Levels, level{ink{Hue: hues - 1 - 6*min(i, 1), Dash: "6 4"}, y.at(*r.Top1), fmt.Sprintf("%s: %s", r.Name, percentText(*r.Top1))})
		}
	}
	eval, training := dotted{ink: ink{Hue: 0}, Name: "on other images"}, dotted{ink: ink{Hue: 2}, Name: "on the training images, as augmented"}
	var evalPath, trainPath polyline
	for i, e := range t.Epochs {
		at := x.at(float64(e.Step))
		trainPath.to(at, y.at(e.Train))
		training.Points = append(training.Points, depthPoint{X: at, Y: y.at(e.Train), Title: fmt.Sprintf("epoch %d: %s", i+1, percentText(e.Train))})
		if e.Eval != nil {
			evalPath.to(at, y.at(*e.Eval))
			eval.Points = append(eval.Points, depthPoint{X: at, Y: y.at(*e.Eval), Title: fmt.Sprintf("epoch %d: %s", i+1, percentText(*e.Eval))})
		}
	}
	eval.Path, training.Path = evalPath.String(), trainPath.String()
	c.Series = []dotted{training, eval}
	return c
}
