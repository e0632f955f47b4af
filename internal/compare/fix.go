package compare

import (
	"cmp"
	"context"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Step is a model on the way to a target: what it keeps in float, and what that gives.
type Step struct {
	// Layer is the one that was added last, with the nodes on codes behind it; empty of the
	// model as it was.
	Layer string `json:"layer,omitempty"`
	// Layers is how many are kept in float.
	Layers int `json:"layers"`
	// MACs is the share, in percent, of the multiplications with weights done in float.
	MACs float64  `json:"float_macs_percent"`
	SQNR Decibels `json:"sqnr_db"` // of the worst output of floats
	// Unseen is what other inputs of this kind are likely to have: SQNR, or the ratio in front of
	// a final softmax or sigmoid where that is lower, less a margin that follows from how much
	// the inputs differ.
	Unseen Decibels `json:"unseen_db"`
}

// Fixed is what Fix has found.
type Fixed struct {
	Target Decibels `json:"target_db"` // that Best had to reach
	Inputs int      `json:"inputs"`    // on which the models were measured
	Steps  []Step   `json:"steps"`     // the models that were measured, by their share of float
	Best   Step     `json:"best"`      // the first to reach the target, or else that of the highest ratio
	// Exclude names the nodes that Best computes in float.
	Exclude []string `json:"exclude"`

	Graph *graph.Graph `json:"-"` // of Best
}

// Fix looks for few layers of converted to keep in float so that its outputs are likely to
// be within target decibels of those of float, the fused graph that it was made from, on
// inputs like the given ones. What each layer alone costs is measured on a few inputs, with
// all others in float and in front of the softmax or sigmoid of an output, where noises add
// up; layers are kept in float in the order of that noise for the multiplications that they
// hold. How many of them the target needs is found by halving, on all inputs; those that it
// does not miss then return to codes, the largest first. A model that is sound as it is (opts.Sound)
// is left so. When ctx ends, the best model so far is returned with its error.
func Fix(ctx context.Context, float, converted *graph.Graph, inputs [][]*tensor.Tensor, target Decibels, opts Options) (*Fixed, error) {
	f, err := newFixing(ctx, float, converted, inputs, opts)
	if err != nil {
		return nil, err
	}
	s := &search{fixing: f, found: &Fixed{Target: target, Inputs: len(inputs)}}
	first, err := s.take(ctx, nil)
	switch {
	case err != nil || len(f.units) == 0:
	case opts.Sound != 0 && first.reaches(opts.Sound):
		s.found.Target = opts.Sound
	case !first.reaches(target):
		f.opts.total(len(f.units) + s.most())
		if err = f.rank(ctx); err == nil {
			err = s.choose(ctx)
		}
	}
	slices.SortStableFunc(s.found.Steps, func(a, b Step) int { return cmp.Compare(a.MACs, b.MACs) })
	if s.found.Graph == nil {
		return nil, err
	}
	return s.found, err
}

func (s Step) reaches(target Decibels) bool { return s.Unseen >= target }

// search is a fixing with what it has found.
type search struct {
	*fixing
	found *Fixed
	// behind has, of each model, how much higher the ratio of its outputs is than that in
	// front of softmax and sigmoid.
	behind []Decibels
}

// luck is how much higher the ratio of a model's outputs is, as against that in front of
// softmax and sigmoid, than it is of the models before, on average. What a softmax gives depends
// on a few values that are close to others. Of many models, some have these right on the inputs
// at hand, and would be chosen; others that were not seen do not know of it.
func (s *search) luck(m ratios) Decibels {
	if m.front >= exactly || m.sqnr >= exactly {
		return 0
	}
	s.behind = append(s.behind, m.sqnr-m.front)
	sum := Decibels(0)
	for _, d := range s.behind {
		sum += d
	}
	return max(0, m.sqnr-m.front-sum/Decibels(len(s.behind)))
}

// take measures a model with units in float, and keeps it if it is the best so far.
func (s *search) take(ctx context.Context, kept []*unit) (Step, error) {
	m, err := s.keep(ctx, kept)
	if err != nil {
		return Step{}, err
	}
	// A softmax hides noise where it is certain. Others may be inputs of which it is not.
	m.unseen = min(m.unseen-s.luck(m), m.frontUnseen)
	step, best := s.step(kept, m), s.found.Best
	s.found.Steps = append(s.found.Steps, step)
	reached, before := step.reaches(s.found.Target), best.reaches(s.found.Target)
	if len(s.found.Steps) == 1 || reached && (!before || step.MACs <= best.MACs) || !before && step.Unseen > best.Unseen {
		g, err := s.variant(kept)
		if err != nil {
			return Step{}, err
		}
		s.found.Best, s.found.Graph, s.found.Exclude = step, g, names(kept)
	}
	if len(s.found.Steps) > 1 {
		s.done()
	}
	return step, nil
}

// returning is how many units are tried on codes again: the search stays linear in the
// layers, and small layers are not worth it.
const returning = 12

// most is how many models choose measures at most.
func (s *search) most() int {
	halvings := 1
	for n := len(s.units); n > 1; n /= 2 {
		halvings++
	}
	return halvings + 1 + returning
}

// choose looks for the fewest units that reach the target: those that the sum of the noises
// tells, and then by halving what is left open. What can return to codes does.
func (s *search) choose(ctx context.Context) error {
	target := s.found.Target
	low, high := 0, len(s.units) // low misses the target; high reaches it, as float does
	for high-low > 1 {
		k := (low + high) / 2
		if low == 0 && high == len(s.units) {
			k = min(max(1, s.told(target)), high-1)
		}
		step, err := s.take(ctx, s.units[:k])
		if err != nil {
			return err
		}
		if step.reaches(target) {
			high = k
		} else {
			low = k
		}
	}
	if high == len(s.units) {
		if _, err := s.take(ctx, s.units); err != nil {
			return err
		}
	}
	return s.giveBack(ctx, slices.Clone(s.units[:high]))
}

// giveBack puts those of kept on codes again that the target does not need.
func (s *search) giveBack(ctx context.Context, kept []*unit) error {
	order := slices.Clone(kept)
	last := order[len(order)-1] // without it the target is missed: it was measured
	slices.SortStableFunc(order, func(a, b *unit) int { return cmp.Compare(b.macs, a.macs) })
	all := len(kept)
	for _, u := range order[:min(returning, len(order))] {
		if len(kept) == all && u == last {
			continue
		}
		without := slices.DeleteFunc(slices.Clone(kept), func(k *unit) bool { return k == u })
		step, err := s.take(ctx, without)
		if err != nil {
			return err
		}
		if step.reaches(s.found.Target) {
			kept = without
		}
	}
	return nil
}
