package inputs

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// Corrections are methods beyond PyTorch's that reduce the loss of quantization; each is off by
// default.
type Corrections struct {
	Equalize bool   // --equalize
	Bias     bool   // --bias-correction
	Round    string // one of roundings; empty is the first
}

// roundings are the values of --round.
var roundings = []string{"nearest", "adaptive"}

// Register adds a flag for each.
func (f *Corrections) Register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.Equalize, "equalize", false, "bring the ranges of weights together across layers first, which --per-tensor gains from")
	cmd.Flags().BoolVar(&f.Bias, "bias-correction", false, "add to biases the mean error of their layers, on samples of the calibration data")
	cmd.Flags().StringVar(&f.Round, "round", roundings[0], "weights to the `WAY` nearest, each by itself, or adaptive: so that a layer's sums come closest, on such samples")
	console.Complete(cmd, "round", roundings...)
}

// Check refuses a --round that is none, as an error of usage.
func (f Corrections) Check() error {
	if f.Round != "" && !slices.Contains(roundings, f.Round) {
		return exit.Usagef("--round %s: one of %s", f.Round, strings.Join(roundings, ", "))
	}
	return nil
}

func (f Corrections) adaptive() bool { return f.Round == roundings[1] }

// Options are those of the library.
func (f Corrections) Options() octet.ConversionOption {
	var opts []octet.ConversionOption
	if f.Equalize {
		opts = append(opts, octet.WithEqualization())
	}
	if f.Bias {
		opts = append(opts, octet.WithBiasCorrection())
	}
	if f.adaptive() {
		opts = append(opts, octet.WithAdaptiveRounding())
	}
	return octet.Conversion(opts...)
}

// CorrectionProgress shows the progress of a conversion that corrects, until end is called.
func CorrectionProgress(c *console.Console) (shown octet.ConversionOption, end func()) {
	var stage *console.Stage
	show := func(done, of int) {
		if stage == nil {
			stage = c.Begin("correct", "layers", of)
		}
		stage.Set(done)
	}
	return octet.WithCorrectionProgress(show), func() {
		if stage != nil {
			stage.End()
			c.Finish()
		}
	}
}

// Each are those that were asked for, one by one.
func (f Corrections) Each() []Corrections {
	var list []Corrections
	if f.Equalize {
		list = append(list, Corrections{Equalize: true})
	}
	if f.Bias {
		list = append(list, Corrections{Bias: true})
	}
	if f.adaptive() {
		list = append(list, Corrections{Round: f.Round})
	}
	return list
}

// Sampling has a calibration keep the samples that corrections need, for recipes with and
// without them.
func (f Corrections) Sampling() octet.ConversionOption {
	f.Equalize = false // which the calibration of each variant does by itself
	return f.Options()
}

// Flags are the command-line flags that ask for them.
func (f Corrections) Flags() []string {
	var words []string
	if f.Equalize {
		words = append(words, "--equalize")
	}
	if f.Bias {
		words = append(words, "--bias-correction")
	}
	if f.adaptive() {
		words = append(words, "--round="+f.Round)
	}
	return words
}

// CorrectionsOf are the corrections that a model was made with.
func CorrectionsOf(r *octet.CalibrationRecord) Corrections {
	if r == nil {
		return Corrections{}
	}
	f := Corrections{Equalize: r.Equalized, Bias: r.BiasCorrected}
	if r.AdaptivelyRounded {
		f.Round = roundings[1]
	}
	return f
}

// NeedData reports whether corrections are asked for that are measured on calibration data.
func (f Corrections) NeedData() bool { return f.Bias || f.adaptive() }
