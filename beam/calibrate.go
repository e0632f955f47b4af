package octetbeam

import (
	"bytes"
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

func init() { registerDocument(encodeCalibration, decodeCalibration) }

// Calibration is an octet.Calibration as an element of a collection. Its Write gives the file of
// octet quantize --shard, and octet.Convert makes the int8 model of it.
type Calibration struct{ *octet.Calibration }

func encodeCalibration(c Calibration) ([]byte, error) { return encodeDocument(c) }

func decodeCalibration(text []byte) (c Calibration, err error) {
	if len(text) > 0 {
		c.Calibration, err = octet.ReadCalibration(bytes.NewReader(text))
	}
	return c, err
}

// Calibrate shows the observers of a float model the samples of data. qconfig names observers
// that merge: torchvision, minmax, percentile or mse. calibration has one element, a
// Calibration; broken is that of Evaluate.
func Calibrate(s beam.Scope, m Model, data Data, qconfig string) (calibration, broken beam.PCollection) {
	return (&documentFn[Calibration]{Model: m, QConfig: qconfig}).merged(s.Scope("octet.Calibrate"), data)
}

// WriteCalibration writes the only element of calibrations as a file, of which octet quantize
// --stats makes the int8 model.
func WriteCalibration(s beam.Scope, file string, calibrations beam.PCollection) {
	beam.ParDo0(s.Scope("octet.WriteCalibration"), &writeDocument[Calibration]{file}, calibrations)
}

func (Calibration) ofShard(ctx context.Context, w work, broken func(Broken)) (c Calibration, err error) {
	model := w.model.model
	r, preset, err := w.data.shard(w.set, model, w.shard, false, broken)
	if err != nil {
		return c, err
	}
	if preset.Channels > 0 { // the model of the statistics prepares images as these were
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &preset }); err != nil {
			return c, err
		}
	}
	c.Calibration, err = octet.CalibrateShard(ctx, model, r, octet.WithQConfig(w.qconfig), octet.WithThreads(1), octet.WithCPU(w.cpu))
	return c, err
}

func (c Calibration) none() bool                  { return c.Calibration == nil }
func (c Calibration) coverage() *dataset.Coverage { return c.Shards }

func (c Calibration) merge(other Calibration) (Calibration, error) {
	both, err := c.Calibration.Merge(other.Calibration)
	return Calibration{both}, err
}
