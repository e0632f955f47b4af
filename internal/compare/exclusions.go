package compare

import (
	"cmp"
	"context"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// What FindExclusions tries and proposes.
const (
	triedLayers = 6   // layers that are tried because they add most noise
	combined    = 4   // trials in a proposal
	worthAlone  = 0.5 // decibels that each part of a proposal has to gain
	worthAll    = 1.0 // decibels that a proposal has to gain
	mostMACs    = 15  // percent of the multiplications that a proposal may put in float
)

// Guilty lists the int8 layers by the noise that they add themselves, most first.
// Layers that add none are left out.
func Guilty(layers []Layer) []Layer {
	var list []Layer
	for _, l := range layers {
		if l.Int8 && l.Introduced.Known() {
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b Layer) int { return cmp.Compare(a.Introduced, b.Introduced) })
	return list
}

// Trial is a set of layers kept in float, and what that was measured to give.
type Trial struct {
	// Exclude names the layers as patterns of ptq.Options: a layer, or a module
	// with all below it.
	Exclude []string `json:"exclude"`
	Layers  int      `json:"layers"` // int8 layers that become float
	// MACs is the share, in percent, of the model's multiplications with weights
	// that are then done in float.
	MACs      float64  `json:"float_macs_percent"`
	SQNR      Decibels `json:"sqnr_db"`           // of the logits
	Gain      float64  `json:"gain_db"`           // above that of the model as it is
	Agreement float64  `json:"agreement_percent"` // share of inputs of the same class
}

// Exclusions is what keeping layers in float was found to give.
type Exclusions struct {
	Inputs    int      `json:"inputs"`            // on which it was measured
	SQNR      Decibels `json:"sqnr_db"`           // of the model as it is
	Agreement float64  `json:"agreement_percent"` // of the model as it is
	Trials    []Trial  `json:"trials"`            // the largest gain first
	// Proposal combines trials; absent where keeping layers in float does not
	// help noticeably.
	Proposal *Trial `json:"proposal,omitempty"`
}

// FindExclusions keeps, one after the other, the layers in float that add most
// noise, the first and the last one with weights, and the modules around them,
// and measures what becomes of the logits. Those that gain most for the
// multiplications that they cost are combined, as long as each adds half a decibel
// and most of the work stays on integers. float is the fused graph that converted
// was made from, layers what Layers found for the two.
func FindExclusions(ctx context.Context, float, converted *graph.Graph, layers []Layer, inputs [][]*tensor.Tensor, opts Options) (*Exclusions, error) {
	t, err := newTrials(ctx, float, converted, layers, inputs, opts)
	if err != nil {
		return nil, err
	}
	candidates := t.candidates(layers)
	opts.total(len(candidates) + combined)
	trials, err := t.measureAll(ctx, candidates)
	if err != nil {
		return nil, err
	}
	found := &Exclusions{Inputs: len(inputs), SQNR: t.base.SQNR, Agreement: t.base.Agreement, Trials: trials}
	slices.SortStableFunc(found.Trials, func(a, b Trial) int { return cmp.Compare(b.Gain, a.Gain) })
	found.Proposal, err = t.combine(ctx, found.Trials)
	return found, err
}
