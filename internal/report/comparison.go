package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/ptq"
)

// ComparisonVersion changes when readers of an older version would misunderstand
// the document.
const ComparisonVersion = 1

// Comparison is what was found out about variants of one model.
type Comparison struct {
	Version int    `json:"octet_compare"` // of the document: ComparisonVersion
	Octet   string `json:"octet"`         // version of the program
	System  string `json:"platform"`      // linux/amd64
	CPU     string `json:"cpu"`           // features that were used
	Threads int    `json:"threads"`       // of a run

	Arch    string   `json:"arch"`             // as zoo names it; empty of an ONNX model
	Classes int      `json:"classes"`          // outputs of the model
	Labels  []string `json:"labels,omitempty"` // of the classes, where they are known
	// Vectors says that the model takes no images: its outputs are compared as vectors, such as
	// embeddings, which may or may not be the logits of classes.
	Vectors bool `json:"vectors,omitempty"`

	Inputs      Inputs       `json:"inputs"`                // what was compared on
	Calibration *Calibration `json:"calibration,omitempty"` // of the variants made here

	// Variants are the models; the first is the reference.
	Variants []Variant `json:"variants"`
	// Weights and Activations describe what was rounded; their "variants" have
	// an entry for each int8 variant, in order.
	Weights     []compare.Weights    `json:"weights"`
	Activations []compare.Activation `json:"activations,omitempty"` // of a float reference

	Choices  []Choice `json:"choices,omitempty"` // the variant for each purpose of a file
	Findings []string `json:"findings"`          // in sentences, the most important first
	Advice   *Advice  `json:"advice,omitempty"`  // nil where there is nothing to advise about
}

// Kinds of inputs.
const (
	Labelled    = "labelled"    // with the class of each
	Unlabelled  = "unlabelled"  // without
	Calibrating = "calibration" // those that the variants were calibrated on
	Random      = "random"      // numbers, for want of inputs
)

// Inputs are what the models were compared on.
type Inputs struct {
	Source  string   `json:"source"`            // as it was named
	Kind    string   `json:"kind"`              // labelled, unlabelled, calibration or random
	Count   int      `json:"count"`             // how many were used
	Layers  int      `json:"layer_inputs"`      // on which every layer was compared
	Skipped []string `json:"skipped,omitempty"` // names of those that could not be read
}

// Calibration says what variants were calibrated on.
type Calibration struct {
	Source    string `json:"source"`     // path of the data
	Samples   int    `json:"samples"`    // how many were observed
	BatchSize int    `json:"batch_size"` // how many at a time
}

// Kinds of variants.
const (
	Float = "float"
	Int8  = "int8"
)

// Variant is one of the models.
type Variant struct {
	Name string `json:"name"`           // unique
	Kind string `json:"kind"`           // Float or Int8
	File string `json:"file,omitempty"` // where it came from, or was written to
	// Made says that the variant was quantized here; Proposed that it was, to
	// show what the advice gives.
	Made     bool `json:"made"`
	Proposed bool `json:"proposed,omitempty"`
	// Dynamic says that activations are quantized by their own range in every run.
	Dynamic bool `json:"dynamic,omitempty"`

	Backend string `json:"backend,omitempty"` // whose rules it is run by
	// MadeFor differs from Backend where a file is run by another backend's rules.
	MadeFor string `json:"made_for,omitempty"`
	// Weights are per-channel, per-tensor or mixed.
	Weights     string   `json:"weights,omitempty"`
	QConfig     string   `json:"qconfig,omitempty"`     // name of the observers; empty for float
	Excluded    []string `json:"excluded,omitempty"`    // patterns of layers kept in float
	Corrections []string `json:"corrections,omitempty"` // flags of quantize that it was made with
	Assumptions []string `json:"assumptions,omitempty"` // sentences: what the file does not say
	// Saturation lists the layers that may saturate in PyTorch on x86 without VNNI.
	Saturation []ptq.Saturation `json:"pytorch_saturation,omitempty"`

	Bytes      int64    `json:"bytes"`                 // of the file
	SizeRatio  float64  `json:"size_ratio"`            // of the reference's; below 1 is smaller
	Int8Nodes  int      `json:"int8_nodes"`            // nodes that compute on codes
	FloatNodes []string `json:"float_nodes,omitempty"` // of an int8 variant

	Outputs *compare.Outputs `json:"outputs"`              // compared with those of the reference
	Latency *Latency         `json:"latency_ms,omitempty"` // where it was measured
	Layers  []Layer          `json:"layers,omitempty"`     // not of the reference
}

// Latency is the distribution of the time of a run on one input, in
// milliseconds, all variants having been run in turns.
type Latency struct {
	Min  float64 `json:"min"`  // of the fastest run
	P50  float64 `json:"p50"`  // the median
	P90  float64 `json:"p90"`  // nine of ten runs are not slower
	P99  float64 `json:"p99"`  // 99 of 100 runs are not slower
	Mean float64 `json:"mean"` // the sum over Runs
	Runs int     `json:"runs"` // how many were timed
	// Speed is that beside the reference, of which there is none itself.
	Speed *Speed `json:"speed,omitempty"`
	// Ratio is the time divided by the reference's: the inverse of Speed.Times, which
	// documents had before they had intervals.
	Ratio float64 `json:"ratio"`
}

// Layer is a node of a variant.
type Layer struct {
	compare.Layer
	Time *float64 `json:"ms,omitempty"` // median
}

// Advice says what to do next about one variant.
type Advice struct {
	Variant string `json:"variant"` // name of the variant
	// Guilty are the layers that add most noise, most first.
	Guilty []compare.Layer `json:"guilty"`
	// Exclusions is what keeping layers in float was measured to give; absent
	// where there is no float model.
	Exclusions *compare.Exclusions `json:"exclusions,omitempty"`
	// Withdrawn are the layers of a proposal that did not hold on all inputs.
	Withdrawn []string `json:"withdrawn,omitempty"`
	Steps     []string `json:"steps"`    // in sentences
	Commands  []string `json:"commands"` // ready to be run
}

// Reference is the variant that the others are compared with.
func (c *Comparison) Reference() *Variant { return &c.Variants[0] }

// Subject is what is compared in a word: the architecture, or the name of the reference where the
// model has a graph of its own.
func (c *Comparison) Subject() string { return cmp.Or(c.Arch, c.Reference().Name) }

// Int8Variants are those that weights and activations have entries for.
func (c *Comparison) Int8Variants() []*Variant {
	var list []*Variant
	for i := range c.Variants {
		if c.Variants[i].Kind == Int8 {
			list = append(list, &c.Variants[i])
		}
	}
	return list
}

// Variant returns the variant of that name; nil where there is none.
func (c *Comparison) Variant(name string) *Variant {
	for i := range c.Variants {
		if c.Variants[i].Name == name {
			return &c.Variants[i]
		}
	}
	return nil
}

// Best is the variant that comes closest to the reference: of those that no other
// surpasses in accuracy, and then in agreement, by more than chance explains, the
// one with the highest ratio of signal to noise, where half a decibel counts.
// Proposed variants do not count, nor files under other rules than their own. It is
// nil where there is no int8 variant beside the reference.
func (c *Comparison) Best() *Variant { return c.best(func(*Variant) bool { return true }) }

// best is Best among some variants.
func (c *Comparison) best(among func(*Variant) bool) *Variant {
	var left []*Variant
	for i := range c.Variants[1:] {
		v := &c.Variants[i+1]
		if v.Kind == Int8 && !v.Proposed && v.Backend == v.MadeFor && v.Outputs != nil && among(v) {
			left = append(left, v)
		}
	}
	left = unsurpassed(left, func(o *compare.Outputs) (right, changed int) {
		if o.Accuracy == nil {
			return 0, 0
		}
		return o.Accuracy.Top1, o.Accuracy.Lost + o.Accuracy.Gained
	})
	if c.Vectors {
		return closest(left)
	}
	left = unsurpassed(left, func(o *compare.Outputs) (right, changed int) { return -o.ChangedCount, o.ChangedCount })
	return closest(left)
}

// closest is the variant of the highest ratio, where half a decibel counts; nil where there is none.
func closest(left []*Variant) *Variant {
	var best *Variant
	for _, v := range left {
		if best == nil || v.Outputs.SQNR > best.Outputs.SQNR+0.5 {
			best = v
		}
	}
	return best
}

// beyondChance is how many standard deviations chance explains, with 95 % confidence.
const beyondChance = 1.96

// unsurpassed leaves out variants that another one surpasses. Counts of changes
// scatter by their square root, so about twice that is the least difference that counts.
func unsurpassed(list []*Variant, of func(*compare.Outputs) (right, changed int)) []*Variant {
	return slices.DeleteFunc(slices.Clone(list), func(v *Variant) bool {
		mine, scatter := of(v.Outputs)
		return slices.ContainsFunc(list, func(w *Variant) bool {
			theirs, more := of(w.Outputs)
			return float64(theirs-mine) > beyondChance*math.Sqrt(float64(scatter+more))
		})
	})
}
