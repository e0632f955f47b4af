package variants

import (
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

// Options are the flags of `octet compare`.
type Options struct {
	Version  string            // of this program, for the document
	Model    inputs.ModelFlags // what the model files do not say
	Data     inputs.DataFlags  // how inputs are read
	Backends []octet.Backend   // whose rules variants are made for; empty for all

	Calibration      []string           // --calibration: data, or NAME=FILE.npy for each input; empty makes no static variants
	CalibrationLimit int                // 0 uses all inputs
	Dynamic          bool               // variants that are quantized dynamically
	QConfigs         []string           // a variant is made by each
	Octets           bool               // the variant whose file is made for octet, too
	PerTensor        bool               // only variants with one scale per weight
	PerChannel       bool               // only those with one per output channel
	Exclude          []string           // patterns of layers that every variant keeps in float
	Corrections      inputs.Corrections // every variant is made with and without them
	Keep             string             // folder for the variants' files; empty keeps none

	Eval, Inputs    string        // labelled data, or inputs without labels; empty where not given
	Named           []string      // inputs as NAME=FILE.npy, as models that take no images have them
	Truth, ClassMap string        // of Eval
	Names           bool          // labels are in the names of the files
	LayerInputs     int           // on how many inputs layers are compared; 0 compares none
	Duration        time.Duration // of the timing of each variant; 0 times none

	Markdown, HTML string // files to write; empty writes none
}

// makes reports whether variants are made of the float model.
func (f *Options) makes() bool { return len(f.Calibration) > 0 || f.Dynamic }
