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

	Calibration      string
	CalibrationLimit int
	QConfigs         []string
	Octets           bool // the variant whose file is made for octet, too
	PerTensor        bool
	PerChannel       bool
	Exclude          []string
	Keep             string

	Eval, Inputs    string
	Truth, ClassMap string
	Names           bool
	LayerInputs     int
	Duration        time.Duration

	Markdown, HTML string
}
