package variants

import (
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

// Options are the flags of `octet compare`.
type Options struct {
	Version  string // of this program, for the document
	Model    inputs.ModelFlags
	Data     inputs.DataFlags
	Backends []octet.Backend

	Calibration      string   // --calibration; empty makes no variants
	CalibrationLimit int      // 0 uses all inputs
	QConfigs         []string // a variant is made by each
	Octets           bool     // the variant whose file is made for octet, too
	PerTensor        bool
	PerChannel       bool
	Exclude          []string
	Corrections      inputs.Corrections // every variant is made with and without them
	Keep             string

	Eval, Inputs    string        // labelled data, or inputs without labels; empty where not given
	Truth, ClassMap string        // of Eval
	Names           bool          // labels are in the names of the files
	LayerInputs     int           // on how many inputs layers are compared; 0 compares none
	Duration        time.Duration // of the timing of each variant; 0 times none

	Markdown, HTML string // files to write; empty writes none
}
