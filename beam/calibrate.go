package octetbeam

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
)

func init() {
	beam.RegisterType(reflect.TypeFor[calibrateFn]())
	beam.RegisterType(reflect.TypeFor[mergeCalibrations]())
	beam.RegisterCoder(reflect.TypeFor[Calibration](), encodeCalibration, decodeCalibration)
}

// Calibration is an octet.Calibration as an element of a collection. Its Document is that of
// octet quantize --shard, and octet.Convert makes the int8 model of it.
type Calibration struct{ *octet.Calibration }

// Document writes the statistics as JSON.
func (c Calibration) Document() ([]byte, error) {
	var b bytes.Buffer
	err := c.Write(&b)
	return b.Bytes(), err
}

// encodeCalibration writes nothing of an accumulator that has seen nothing.
func encodeCalibration(c Calibration) ([]byte, error) {
	if c.Calibration == nil {
		return nil, nil
	}
	return c.Document()
}

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
	s = s.Scope("octet.Calibrate")
	parts, broken := beam.ParDo2(s, &calibrateFn{Model: m, Data: data, QConfig: qconfig}, data.shards(s))
	return beam.Combine(s, &mergeCalibrations{}, parts), broken
}

// calibrateFn collects the statistics of the shards of a bundle.
type calibrateFn struct {
	Model   Model
	Data    Data
	QConfig string

	bundle *bundle
	all    Calibration // of the bundle
}

// StartBundle forgets the bundle before.
func (f *calibrateFn) StartBundle(context.Context, func(Calibration), func(Broken)) {
	f.bundle, f.all = &bundle{}, Calibration{}
}

// ProcessElement calibrates with a shard.
func (f *calibrateFn) ProcessElement(ctx context.Context, shard int, _ func(Calibration), _ func(Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	data, err := f.bundle.open(f.Data)
	if err != nil {
		return err
	}
	return start(ctx, f.bundle, func(broken func(Broken)) (Calibration, error) {
		seen, err := f.calibrate(ctx, m.model, data, shard, broken)
		if err != nil {
			err = fmt.Errorf("shard %d of %d: %w", shard, f.Data.Shards, err)
		}
		return Calibration{seen}, err
	}, func(one Calibration) (err error) {
		f.all, err = (*mergeCalibrations)(nil).MergeAccumulators(f.all, one)
		return err
	})
}

func (f *calibrateFn) calibrate(ctx context.Context, m *octet.Model, data *set, shard int, broken func(Broken)) (*octet.Calibration, error) {
	r, preset, err := data.shard(m, shard, false, broken)
	if err != nil {
		return nil, err
	}
	if preset.Channels > 0 { // the model of the statistics prepares images as these were
		if m, err = m.WithMetadata(func(m *octet.Metadata) { m.Preset = &preset }); err != nil {
			return nil, err
		}
	}
	return octet.CalibrateShard(ctx, m, r, octet.WithQConfig(f.QConfig), octet.WithThreads(1), octet.WithCPU(f.Model.CPU))
}

// FinishBundle passes on the statistics of the bundle, once.
func (f *calibrateFn) FinishBundle(_ context.Context, emit func(Calibration), broken func(Broken)) error {
	err := f.bundle.finish(broken)
	if err == nil && f.all.Calibration != nil {
		emit(f.all)
	}
	return err
}

// mergeCalibrations merges statistics of shards.
type mergeCalibrations struct{}

// CreateAccumulator has seen nothing.
func (*mergeCalibrations) CreateAccumulator() Calibration { return Calibration{} }

// AddInput adds one.
func (f *mergeCalibrations) AddInput(all, one Calibration) (Calibration, error) {
	return f.MergeAccumulators(all, one)
}

// MergeAccumulators merges two.
func (*mergeCalibrations) MergeAccumulators(a, b Calibration) (Calibration, error) {
	switch {
	case a.Calibration == nil:
		return b, nil
	case b.Calibration == nil:
		return a, nil
	}
	both, err := a.Merge(b.Calibration)
	return Calibration{both}, err
}

// ExtractOutput is what all shards have shown.
func (*mergeCalibrations) ExtractOutput(all Calibration) (Calibration, error) {
	if all.Calibration == nil {
		return all, errNoShard
	}
	return all, whole(all.Shards)
}
