package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

// What findings call noticeable.
const (
	noticeable   = 1.0  // decibels, between variants
	standsOut    = 6.0  // decibels below the median layer
	otherWeights = 15.0 // decibels of weights, below which they are not the reference's
)

// Find writes the findings of c in sentences, the most important first.
func (c *Comparison) Find() {
	c.Findings = []string{}
	add := func(format string, args ...any) { c.Findings = append(c.Findings, fmt.Sprintf(format, args...)) }
	if c.Inputs.Kind == Random {
		what := "how often real inputs get another answer may differ much"
		if c.Vectors {
			what = "how close the outputs for real inputs come may differ much"
		}
		add("Compared on random numbers, for want of inputs: %s.", what)
	}
	c.findBest(add)
	c.findChoices(add)
	c.findRules(add)
	c.findGranularity(add)
	c.findCorrections(add)
	c.findHeadroom(add)
	c.findSaturation(add)
	c.findStrangers(add)
	c.findGuilty(add)
	c.findFloat(add)
	c.findSlower(add)
	if c.Inputs.Kind == Calibrating {
		add("Compared on the inputs that were calibrated on, where int8 does best: other inputs tell more.")
	}
}

type adder func(format string, args ...any)

func (c *Comparison) findBest(add adder) {
	best := c.Best()
	if best == nil {
		return
	}
	outputs, what := c.answersText(best), "logits"
	if c.Vectors {
		outputs, what = cosinesText(best.Outputs), "outputs"
	}
	text := fmt.Sprintf("%s comes closest to %s: %s", best.Name, c.Reference().Name, outputs)
	if best.Outputs.SQNR.Known() {
		text += fmt.Sprintf(", the %s at %s", what, best.Outputs.SQNR)
	}
	if best.SizeRatio > 0 && c.Reference().Kind == Float {
		text += fmt.Sprintf(", at %.2f of the size", best.SizeRatio)
	}
	if l := best.Latency; l != nil && l.Speed != nil && c.Reference().Kind == Float && l.Speed.Faster() {
		text += ", " + l.Speed.String()
	}
	add("%s.", text)
}

// findRules tells what running a file by another backend's rules costs.
func (c *Comparison) findRules(add adder) {
	for i := range c.Variants {
		v := &c.Variants[i]
		if v.Backend == v.MadeFor || v.Outputs == nil {
			continue
		}
		own := c.Reference()
		for j := range c.Variants {
			if w := &c.Variants[j]; w.File == v.File && w.Backend == v.MadeFor {
				own = w
			}
		}
		if own == c.Reference() && own.Kind == Int8 {
			add("By the rules of %s, %s, which was made for %s, keeps %s of the logits to the bit and %s of the answers; the logits are at %s.", v.Backend, fileName(v.File), v.MadeFor,
				percentText(v.Outputs.Equal), percentText(v.Outputs.Agreement), v.Outputs.SQNR)
			continue
		}
		add("By the rules of %s, %s, which was made for %s, agrees with %s in %s of the answers and is at %s; by its own rules, in %s and at %s.", v.Backend, fileName(v.File), v.MadeFor,
			c.Reference().Name, percentText(v.Outputs.Agreement), v.Outputs.SQNR, percentText(own.Outputs.Agreement), own.Outputs.SQNR)
	}
}

// byRecipe reports whether the variant was made here, by a recipe alone.
func (v *Variant) byRecipe() bool { return v.Made && !v.Proposed }

// findGranularity compares per channel with per tensor, recipe by recipe.
func (c *Comparison) findGranularity(add adder) {
	var parts []string
	for i := range c.Variants {
		v := &c.Variants[i]
		for j := range c.Variants {
			w := &c.Variants[j]
			pair := v.Weights == PerChannel && w.Weights == PerTensor && v.Backend == w.Backend && v.QConfig == w.QConfig && slices.Equal(v.Corrections, w.Corrections)
			if !v.byRecipe() || !w.byRecipe() || !pair {
				continue
			}
			if v.Outputs.SQNR.Known() && w.Outputs.SQNR.Known() {
				text := fmt.Sprintf("%.1f dB with %s", float64(v.Outputs.SQNR-w.Outputs.SQNR), strings.TrimSpace(recipe(v)+" "+v.corrections()))
				if a, b := v.Outputs.Accuracy, w.Outputs.Accuracy; a != nil && b != nil {
					text += fmt.Sprintf(" (%s points of top-1)", signed(b.Top1Percent-a.Top1Percent))
				}
				parts = append(parts, text)
			}
		}
	}
	if len(parts) > 0 {
		add("One scale per weight, in place of one per channel, costs %s.", strings.Join(parts, ", "))
	}
}

// findHeadroom tells what the bit costs that fbgemm keeps free.
func (c *Comparison) findHeadroom(add adder) {
	for _, v := range c.Int8Variants() {
		for _, w := range c.Int8Variants() {
			limited := v.Backend == "fbgemm" && v.QConfig != "octet"
			same := v.QConfig == w.QConfig && v.Backend != w.Backend || w.QConfig == "octet" // but for the range
			if !v.byRecipe() || !w.byRecipe() || !limited || w.Weights != v.Weights || !same || !slices.Equal(v.Corrections, w.Corrections) {
				continue
			}
			if gain := float64(w.Outputs.SQNR - v.Outputs.SQNR); gain > 3 {
				add("%s is at %.1f dB less than %s: fbgemm calibrates activations to 0..127, one bit less, since PyTorch's instructions saturate. octet's do not, on any CPU: --qconfig octet takes 0..255.", v.Name, gain, w.Name)
				return
			}
		}
	}
}

// Granularities of weights.
const (
	PerChannel = "per-channel"
	PerTensor  = "per-tensor"
	Mixed      = "mixed"
)

func recipe(v *Variant) string {
	if v.QConfig == "" || v.QConfig == "default" {
		return v.Backend
	}
	return v.Backend + " " + v.QConfig
}

// findStrangers names variants whose weights are not those of the reference.
func (c *Comparison) findStrangers(add adder) {
	if c.Reference().Kind != Float {
		return
	}
	for i, v := range c.Int8Variants() {
		var ratios []compare.Decibels
		for _, w := range c.Weights {
			if f := w.Forms[i]; f != nil {
				ratios = append(ratios, f.SQNR)
			}
		}
		if m, ok := median(ratios); ok && m < otherWeights && !v.Made {
			add("The weights of %s are at %s from those of %s: it was made of another checkpoint, or trained further.", v.Name, m, c.Reference().Name)
		}
	}
}

// findGuilty names layers that stand out.
func (c *Comparison) findGuilty(add adder) {
	if c.Advice == nil || len(c.Advice.Guilty) == 0 {
		return
	}
	v := c.Variant(c.Advice.Variant)
	var all []compare.Decibels
	for _, l := range v.Layers {
		if l.Int8 && l.Introduced.Known() {
			all = append(all, l.Introduced)
		}
	}
	m, _ := median(all)
	var names []string
	for _, l := range c.Advice.Guilty {
		if l.Introduced < m-standsOut {
			names = append(names, fmt.Sprintf("%s (%s)", l.Node, l.Introduced))
		}
	}
	if len(names) > 0 {
		add("In %s these layers add far more noise than the median layer (%s): %s.", v.Name, m, strings.Join(names, ", "))
	}
}

func median(d []compare.Decibels) (compare.Decibels, bool) {
	d = slices.DeleteFunc(slices.Clone(d), func(x compare.Decibels) bool { return !x.Known() })
	if len(d) == 0 {
		return 0, false
	}
	slices.Sort(d)
	return d[len(d)/2], true
}

// findFloat names variants with layers in float, those with the same layers together.
func (c *Comparison) findFloat(add adder) {
	type kind struct {
		nodes string
		int8  int
	}
	var kinds []kind
	variants := map[kind][]*Variant{}
	for _, v := range c.Int8Variants() {
		if len(v.FloatNodes) == 0 || v.Proposed {
			continue
		}
		k := kind{strings.Join(v.FloatNodes, "\n"), v.Int8Nodes}
		if variants[k] == nil {
			kinds = append(kinds, k)
		}
		variants[k] = append(variants[k], v)
	}
	for _, k := range kinds {
		var names []string
		for _, v := range variants[k] {
			names = append(names, v.Name)
		}
		nodes := variants[k][0].FloatNodes
		add("%d of %d layers of %s compute in float: %s.", len(nodes), len(nodes)+k.int8, some(names, 8), some(nodes, 6))
	}
}

func (c *Comparison) findSlower(add adder) {
	var names []string
	for _, v := range c.Int8Variants() {
		if l := v.Latency; l != nil && l.Speed != nil && c.Reference().Kind == Float && !l.Speed.Faster() {
			names = append(names, fmt.Sprintf("%s: %s", v.Name, l.Speed))
		}
	}
	if len(names) > 0 {
		add("Not faster than %s on this machine: %s. Where layers are small, int8 gains no time: octet quantize --exclude-slower keeps in float those that are slower.", c.Reference().Name, strings.Join(names, "; "))
	}
}

// Advise writes the steps of the advice in sentences.
func (c *Comparison) Advise() {
	a := c.Advice
	if a == nil {
		return
	}
	v := c.Variant(a.Variant)
	a.Steps = []string{}
	add := func(format string, args ...any) { a.Steps = append(a.Steps, fmt.Sprintf(format, args...)) }
	e := a.Exclusions
	if v.Backend != v.MadeFor {
		add("Quantize the float weights for %s: what a file loses by other rules than its own, a model made for them does not.", v.Backend)
		return
	}
	if len(a.Withdrawn) > 0 {
		add("Keeping %s in float is not proposed: it gains on the %s of the layers, but on all %s it is worse in something than a variant that costs less.", and(a.Withdrawn), countOf(e.Inputs, "input"), countOf(v.Outputs.Inputs, "input"))
	}
	if c.Good(v) {
		if c.Vectors {
			add("Nothing has to be done as far as %d inputs tell: %s.", v.Outputs.Inputs, cosinesText(v.Outputs))
		} else if v.Outputs.Inputs < FewInputs {
			add("%d of %d answers differ, which is too few to say more: compare %s with %s on some hundreds of inputs.", v.Outputs.ChangedCount, v.Outputs.Inputs, v.Name, c.Reference().Name)
		} else {
			add("Nothing has to be done as far as %d inputs tell: %s answers as %s does.", v.Outputs.Inputs, v.Name, c.Reference().Name)
		}
		if e != nil && e.Proposal != nil {
			add("Where the logits themselves matter, keep %s in float: on %s they rise from %s to %s, for %s of the multiplications.", and(e.Proposal.Exclude), countOf(e.Inputs, "input"), e.SQNR, e.Proposal.SQNR, percentText(e.Proposal.MACs))
		}
		return
	}
	switch {
	case e == nil || len(e.Trials) == 0 || len(a.Withdrawn) > 0:
	case e.Proposal != nil:
		add("Keep %s in float: on %s the logits rise from %s to %s, for %s of the multiplications.", and(e.Proposal.Exclude), countOf(e.Inputs, "input"), e.SQNR, e.Proposal.SQNR, percentText(e.Proposal.MACs))
	default:
		add("Keeping layers in float does not help: of the %d sets tried, none gains %.0f dB. The loss is spread over the depth.", len(e.Trials), noticeable)
	}
	c.adviseCodes(v, add)
	if a := v.Outputs.Accuracy; a != nil && c.Reference().Outputs.Accuracy != nil {
		if drop := c.Reference().Outputs.Accuracy.Top1Percent - a.Top1Percent; drop > 2*goodDrop {
			add("If %.2f points of top-1 are still too much after that, quantization-aware training is the next step.", drop)
		}
	}
	if len(a.Steps) == 0 {
		add("No single cause was found: try more, and more varied, calibration inputs.")
	}
}

// adviseCodes looks at where the noise comes from.
func (c *Comparison) adviseCodes(v *Variant, add adder) {
	var weights, result, n float64
	for _, l := range v.Layers {
		if l.Parts != nil {
			weights, result, n = weights+l.Parts.Weights, result+l.Parts.Result, n+1
		}
	}
	switch {
	case n == 0:
	case weights > result && v.Weights == PerTensor:
		add("Most of what layers add comes from their weights: --per-channel gives each channel a scale of its own.")
	case result > 2*weights && v.QConfig != "":
		add("Most of what layers add comes from the codes of their results, not from weights: compare observers with --qconfig default,minmax,mse,percentile.")
	}
}
