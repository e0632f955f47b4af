package inputs

import (
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/quant"
)

// RecipeFlags say which layers of a float model are quantized, and how: the flags of quantize
// and of qat.
type RecipeFlags struct {
	QConfig    string // empty leaves the default to the library
	PerTensor  bool   // one scale per weight
	PerChannel bool   // one scale per output channel
	WeightBits int    // 2 to 8; 8 where not given
	exclude    []string
}

// RegisterRecipe adds the flags; qconfig is the default of --qconfig, usage its help.
func (f *RecipeFlags) RegisterRecipe(cmd *cobra.Command, qconfig, usage string) {
	fl := cmd.Flags()
	fl.StringVar(&f.QConfig, "qconfig", qconfig, usage)
	fl.BoolVar(&f.PerTensor, "per-tensor", false, "one scale per weight, whatever --qconfig says")
	fl.BoolVar(&f.PerChannel, "per-channel", false, "one scale per output channel, whatever --qconfig says")
	fl.IntVar(&f.WeightBits, "weight-bits", 8, "codes of N bits for weights, 2 to 8; they are stored as int8 all the same")
	fl.StringArrayVar(&f.exclude, "exclude", nil, "keep layers that match `PATTERN` in float; may be repeated")
	console.Exclusive(cmd, "per-tensor", "per-channel")
	console.Complete(cmd, "qconfig", QConfigNames()...)
}

// CheckWeightBits refuses a --weight-bits out of range, as an error of usage.
func (f *RecipeFlags) CheckWeightBits() error {
	if f.WeightBits < 2 || f.WeightBits > 8 {
		return exit.Usagef("--weight-bits %d: use 2 to 8", f.WeightBits)
	}
	return nil
}

// Recipe is that of the library, for a backend.
func (f *RecipeFlags) Recipe(backend string) octet.RecipeOption {
	return octet.Recipe(octet.WithBackend(octet.Backend(backend)), octet.WithQConfig(f.QConfig), f.Layers())
}

// Layers says which layers are quantized, and how their weights.
func (f *RecipeFlags) Layers() octet.LayerOption {
	opts := []octet.LayerOption{octet.WithExclude(f.exclude...)}
	switch {
	case f.PerTensor:
		opts = append(opts, octet.WithPerTensorWeights())
	case f.PerChannel:
		opts = append(opts, octet.WithPerChannelWeights())
	}
	if f.WeightBits != 8 {
		opts = append(opts, octet.WithWeightBits(f.WeightBits))
	}
	return octet.Layers(opts...)
}

// CheckQConfigs refuses names that --qconfig does not know, and none at all, as errors of
// usage.
func CheckQConfigs(names []string) error {
	for _, name := range names {
		if _, err := quant.ParseQConfig(name, quant.FBGEMM); err != nil {
			return exit.Usagef("--qconfig: %w", err)
		}
	}
	if len(names) == 0 {
		return exit.Usagef("--qconfig names no observers")
	}
	return nil
}
