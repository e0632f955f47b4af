package train

import (
	"math"

	"github.com/octet-ml/octet/internal/compare"
)

// Divergence is a training that makes its model worse.
type Divergence struct {
	Step int // steps done
	// First is the loss of the first step, Loss that of the latest steps or of the
	// epoch, and Guessing that of a model that knows nothing, without a teacher.
	First, Loss, Guessing float64
}

// latest is the number of steps whose mean loss is looked at: one batch may be
// unlucky.
const latest = 5

// divergence notices a loss that rises instead of falling.
type divergence struct {
	first, guessing float64
	losses          [latest]float64
	seen            int
	sum             float64 // of the epoch's losses, each at most twice that of guessing
	steps           int     // of the epoch
	told            bool
}

// step takes in the loss of a step.
func (d *divergence) step(loss float64) (mean float64, diverges bool) {
	if d.first == 0 {
		d.first = loss
	}
	d.sum, d.steps = d.sum+min(loss, 2*d.guessing), d.steps+1
	d.losses[d.seen%latest] = loss
	if d.seen++; d.seen < latest {
		return 0, false
	}
	return d.rises()
}

// rises looks at the latest steps. More than three times what guessing costs, and than
// what training began with, is no bad luck any more.
func (d *divergence) rises() (mean float64, diverges bool) {
	n := min(d.seen, latest)
	for _, v := range d.losses[:n] {
		mean += v / float64(n)
	}
	return mean, mean > 3*max(d.first, d.guessing)
}

// epoch ends an epoch. A model that knew much, and over an epoch was nearer to guessing
// than to where it began, has been destroyed. A single batch does not decide that, but
// an epoch may have few.
func (d *divergence) epoch() (mean float64, diverges bool) {
	mean = d.sum / float64(d.steps)
	d.sum, d.steps = 0, 0
	if d.first < d.guessing/2 && mean > (d.first+d.guessing)/2 {
		return mean, true
	}
	return d.rises()
}

// watch looks at a step that was taken, and tells of a divergence once.
func (t *Trainer) watch(p Progress) {
	d := &t.divergence
	d.guessing = math.Log(float64(compare.Classes(t.data.Classes)))
	loss, diverges := d.step(p.Loss)
	if t.epochEnds() {
		if mean, bad := d.epoch(); bad && !diverges {
			loss, diverges = mean, true
		}
	}
	if !diverges || d.told || t.OnDivergence == nil {
		return
	}
	d.told = true
	t.OnDivergence(Divergence{p.Step, d.first, loss, d.guessing})
}

// epochEnds reports whether the step that was taken last ends an epoch.
func (t *Trainer) epochEnds() bool { return t.step%t.PerEpoch() == 0 || t.step == t.Steps() }
