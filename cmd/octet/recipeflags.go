package main

import (
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/quant"
)

// recipeFlags say what of a float model is quantized, and how: the flags of quantize
// and of qat.
type recipeFlags struct {
	qconfig    string // empty leaves the default to the library
	perTensor  bool
	perChannel bool
	weightBits int
	exclude    []string
}

// registerRecipe takes the default of --qconfig and what it says of itself.
func (f *recipeFlags) registerRecipe(cmd *cobra.Command, qconfig, usage string) {
	fl := cmd.Flags()
	fl.StringVar(&f.qconfig, "qconfig", qconfig, usage)
	fl.BoolVar(&f.perTensor, "per-tensor", false, "one scale per weight, whatever --qconfig says")
	fl.BoolVar(&f.perChannel, "per-channel", false, "one scale per output channel, whatever --qconfig says")
	fl.IntVar(&f.weightBits, "weight-bits", 8, "codes of N bits for weights, 2 to 8; they are stored as int8 all the same")
	fl.StringArrayVar(&f.exclude, "exclude", nil, "keep layers that match `PATTERN` in float; may be repeated")
	cmd.MarkFlagsMutuallyExclusive("per-tensor", "per-channel")
	complete(cmd, "qconfig", qconfigNames()...)
}

func (f *recipeFlags) checkWeightBits() error {
	if f.weightBits < 2 || f.weightBits > 8 {
		return usageError("--weight-bits %d: use 2 to 8", f.weightBits)
	}
	return nil
}

// recipeOptions are those of the library, for a backend.
func (f *recipeFlags) recipeOptions(backend string) []octet.QuantizeOption {
	opts := []octet.QuantizeOption{octet.WithBackend(backend), octet.WithQConfig(f.qconfig), octet.WithExclude(f.exclude...)}
	switch {
	case f.perTensor:
		opts = append(opts, octet.WithPerTensorWeights())
	case f.perChannel:
		opts = append(opts, octet.WithPerChannelWeights())
	}
	if f.weightBits != 8 {
		opts = append(opts, octet.WithWeightBits(f.weightBits))
	}
	return opts
}

func checkQConfigs(names []string) error {
	for _, name := range names {
		if _, err := quant.ParseQConfig(name, quant.FBGEMM); err != nil {
			return usageError("--qconfig: %w", err)
		}
	}
	if len(names) == 0 {
		return usageError("--qconfig names no observers")
	}
	return nil
}
