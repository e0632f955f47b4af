package report

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/octet-ml/octet/internal/compare"
)

// Training is what a training came to.
type Training struct {
	Octet   string // version of the program
	System  string // linux/amd64
	CPU     string // features that were used
	Threads int    // of a step

	Arch    string    // as zoo names it; empty of an ONNX model
	Method  string    // in words: training, quantization-aware training
	Data    string    // what was trained on
	Images  int       // of the training set
	Seconds float64   // of the training steps
	Recipe  []Setting // its settings, in words

	// Results are the models; the first is the reference. Their accuracies are
	// absent where nothing was evaluated.
	Results []Result
	// From is the step that Losses begin behind: that of a continued training.
	From   int
	Losses []float64   // of every step
	Rates  []float64   // learning rates, of every step
	Epochs []EpochMark // where they end, with their accuracies
	Phases []Phase     // what was frozen from where on

	// Weights are those of the float model, their forms those of the int8 results,
	// with so many codes; 0 means 255.
	Weights []compare.Weights
	Codes   int // of a weight
}

// Setting is a line of a recipe.
type Setting struct{ Name, Value string } // in words, as a page shows them

// Result is a model in a training's report.
type Result struct {
	Name  string   // float, int8 by calibration, int8 by training
	Kind  string   // Float or Int8
	Top1  *float64 // share of right answers, in percent; nil where not measured
	Bytes int64    // of the file; 0 where there is none
	// Latency is the time of a run, all models having been run in turns; nil where it
	// was not measured.
	Latency *Latency
}

// EpochMark is the end of an epoch, or of an earlier training.
type EpochMark struct {
	Step  int      // steps taken
	Train float64  // accuracy on the training data, in percent
	Eval  *float64 // on other data
}

// Phase is a part of quantization-aware training.
type Phase struct {
	Name     string // what still moves in it
	From, To int    // steps
}

// trainingPage is what is shown.
type trainingPage struct {
	*Training
	Title    string
	On       string
	Host     string
	Tiles    []tile
	Findings []string
	Rows     []resultRow
	Curve    *curveChart
	Rate     *curveChart
	Accuracy *curveChart

	Cards, MoreCards []weightCard
	Levels           int // codes of a weight
}

// resultRow is a result in words.
type resultRow struct {
	Result
	Accuracy, Change, Size, Ratio, Time, Speed string

	Best bool
}

func (t *Training) page() *trainingPage {
	p := &trainingPage{
		Training: t, Title: cmp.Or(t.Arch, "A graph of its own") + ": " + t.Method,
		On: fmt.Sprintf("Trained on %d images of %s, %d steps in %s.", t.Images, t.Data, len(t.Losses),
			time.Duration(t.Seconds*1e9).Round(time.Second/10)),
		Host:  fmt.Sprintf("octet %s, %s with %s, %s", t.Octet, t.System, t.CPU, threadsText(t.Threads)),
		Tiles: t.tiles(), Findings: t.findings(), Rows: t.rows(),
		Levels: t.codes(), Curve: t.lossChart(), Rate: t.rateChart(), Accuracy: t.accuracyChart(),
	}
	if len(t.Weights) > 0 {
		// Forms are named as in a comparison of the same models.
		c := &Comparison{Weights: t.Weights}
		for _, r := range t.Results {
			c.Variants = append(c.Variants, Variant{Name: r.Name, Kind: r.Kind})
		}
		p.Cards, p.MoreCards = c.weightCards(t.codes())
	}
	return p
}

func (t *Training) codes() int {
	if t.Codes == 0 {
		return allCodes
	}
	return t.Codes
}

// tiles are the figures that are seen first.
func (t *Training) tiles() []tile {
	var list []tile
	for i, r := range t.Results {
		if r.Top1 == nil {
			continue
		}
		note := "top-1"
		if first := t.Results[0].Top1; i > 0 && first != nil {
			note = signed(*r.Top1-*first) + " points"
		}
		list = append(list, tile{percentText(*r.Top1), r.Name, note})
	}
	if n := len(t.Losses); n > 0 {
		list = append(list, tile{short(t.lossNear(n - 1)), "loss at the end", short(t.lossNear(0)) + " at the start"})
	}
	return list
}

// lossNear is the mean loss of up to 20 steps around step i.
func (t *Training) lossNear(i int) float64 {
	from, to := max(0, i-10), min(len(t.Losses), i+10)
	sum := 0.0
	for _, v := range t.Losses[from:to] {
		sum += v
	}
	return sum / float64(to-from)
}

func (t *Training) rows() []resultRow {
	var rows []resultRow
	for i, r := range t.Results {
		row := resultRow{Result: r, Best: i == len(t.Results)-1 && i > 0}
		if r.Bytes > 0 {
			row.Size = Size(r.Bytes)
			if first := t.Results[0].Bytes; i > 0 && first > 0 {
				row.Ratio = fmt.Sprintf("%.2f", float64(r.Bytes)/float64(first))
			}
		}
		if l := r.Latency; l != nil {
			row.Time = millisText(l.P50)
			if l.Speed != nil {
				row.Speed = l.Speed.Short()
			}
		}
		if r.Top1 != nil {
			row.Accuracy = percentText(*r.Top1)
			if first := t.Results[0].Top1; i > 0 && first != nil {
				row.Change = signed(*r.Top1 - *first)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// findings say what happened, in sentences.
func (t *Training) findings() []string {
	var list []string
	var float, calibrated, trained *float64
	for i, r := range t.Results {
		switch {
		case i == 0:
			float = r.Top1
		case i == len(t.Results)-1:
			trained = r.Top1
		default:
			calibrated = r.Top1
		}
	}
	if float != nil && calibrated != nil && trained != nil {
		lost, left := *float-*calibrated, *float-*trained
		switch {
		case lost < 0.05:
			list = append(list, "Calibration alone loses nothing that could be seen here; training was not needed.")
		case left <= 0:
			list = append(list, fmt.Sprintf("Calibration alone loses %.2f points; training wins all of them back.", lost))
		default:
			list = append(list, fmt.Sprintf("Calibration alone loses %.2f points; training wins back %.2f of them, which is %.0f %%.", lost, lost-left, 100*(lost-left)/lost))
		}
	}
	if w := t.coarsest(); w != nil {
		list = append(list, fmt.Sprintf("One scale for the whole weight is coarse for %d of the %d channels of %s: they would use fewer than 16 of its %d codes.", w.Forms[0].Coarse, len(w.Min), w.Node, t.codes()))
	}
	for _, p := range t.Phases {
		if p.Name == frozenNorms && p.From < p.To {
			list = append(list, fmt.Sprintf("From step %d on batch norms were frozen, and the int8 model itself was the forward pass of training: what was trained is what runs.", p.From))
		}
	}
	return list
}

// frozenNorms is how package train calls its last phase.
const frozenNorms = "batch norms frozen"

// coarsest is the weight with one scale in the first int8 result that has most
// coarse channels; nil where none has any.
func (t *Training) coarsest() *compare.Weights {
	var worst *compare.Weights
	for i, w := range t.Weights {
		if len(w.Forms) == 0 || w.Forms[0] == nil || w.Forms[0].PerChannel || w.Forms[0].Coarse == 0 {
			continue
		}
		if worst == nil || share(w) > share(*worst) {
			worst = &t.Weights[i]
		}
	}
	return worst
}

func share(w compare.Weights) float64 {
	return float64(w.Forms[0].Coarse) / math.Max(1, float64(len(w.Min)))
}
