package inputs

import (
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
)

// Corrections are what quantize does beyond PyTorch's way, so that less is lost: each is
// off by default.
type Corrections struct {
	Equalize bool
}

// Register adds a flag for each.
func (f *Corrections) Register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.Equalize, "equalize", false, "bring the ranges of weights together across layers first, which --per-tensor gains from")
}

// Options are those of the library.
func (f Corrections) Options() octet.ConversionOption {
	var opts []octet.ConversionOption
	if f.Equalize {
		opts = append(opts, octet.WithEqualization())
	}
	return octet.Conversion(opts...)
}

// Each are those that were asked for, one by one.
func (f Corrections) Each() []Corrections {
	var list []Corrections
	if f.Equalize {
		list = append(list, Corrections{Equalize: true})
	}
	return list
}

// Flags are the words of a command line that ask for them.
func (f Corrections) Flags() []string {
	var words []string
	if f.Equalize {
		words = append(words, "--equalize")
	}
	return words
}

// CorrectionsOf are those that a model was made with.
func CorrectionsOf(r *octet.CalibrationRecord) Corrections {
	if r == nil {
		return Corrections{}
	}
	return Corrections{Equalize: r.Equalized}
}
