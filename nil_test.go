package octet_test

import (
	"io"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/train"
	"github.com/octet-ml/octet/zoo"
)

// TestNilArgumentsAreErrors: what is missing is said, and nothing panics.
func TestNilArgumentsAreErrors(t *testing.T) {
	ctx := t.Context()
	m := open(t)
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	reference, err := m.Compile(octet.WithReference())
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 1, 1, 28, 28)
	data := octet.FromTensor(x)
	var none *octet.Model
	var stopped *octet.Session
	empty := func(yield func(*tensor.Tensor, error) bool) { yield(nil, nil) }
	for name, call := range map[string]func() error{
		"Run":                   func() error { _, err := s.Run(ctx, nil); return err },
		"Run of nil":            func() error { _, err := stopped.Run(ctx, x); return err },
		"Run of the zero value": func() error { _, err := new(octet.Session).Run(ctx, x); return err },
		"RunTapped":             func() error { _, err := s.RunTapped(ctx, nil, nil); return err },
		"RunInto, output":       func() error { return s.RunInto(ctx, nil, x) },
		"RunInto, input":        func() error { return s.RunInto(ctx, x, nil) },
		"RunInto, reference":    func() error { return reference.RunInto(ctx, nil, x) },
		"RunInto of nil":        func() error { return stopped.RunInto(ctx, x, x) },
		"Warm":                  func() error { return s.Warm(ctx) },
		"Warm of nil":           func() error { return stopped.Warm(ctx, 1, 1, 28, 28) },
		"Outputs":               func() error { _, err := s.Outputs(); return err },
		"Outputs of nil":        func() error { _, err := stopped.Outputs(1, 1, 28, 28); return err },
		"Classify":              func() error { _, err := s.Classify(ctx, nil, 1); return err },
		"Classify of nil":       func() error { _, err := stopped.ClassifyPixels(ctx, nil, 1); return err },
		"ClassifyPixels":        func() error { _, err := s.ClassifyPixels(ctx, nil, 1); return err },
		"Predict, shard":        func() error { _, err := s.Predict(ctx, nil, 1, nil); return err },
		"Tally, shard":          func() error { _, err := s.Tally(ctx, nil); return err },
		"TallyAgainst":          func() error { _, err := s.TallyAgainst(ctx, nil, nil); return err },
		"EvaluateAgainst":       func() error { _, err := s.EvaluateAgainst(ctx, s, nil); return err },
		"Fingerprint":           func() error { _, err := none.Fingerprint(); return err },
		"ClassOfFolders":        func() error { _, err := none.ClassOfFolders()([]string{"cat"}); return err },
		"MatchFolders":          func() error { _, _, err := none.MatchFolders(nil); return err },
		"Compile":               func() error { _, err := none.Compile(); return err },
		"Compile of zero":       func() error { _, err := new(octet.Model).Compile(); return err },
		"Save":                  func() error { return none.Save(ctx, t.TempDir()+"/none.pth") },
		"Write":                 func() error { return m.Write(nil) },
		"Write of nil":          func() error { return none.Write(io.Discard) },
		"StateDict":             func() error { _, err := none.StateDict(); return err },
		"Preset":                func() error { _, _, err := none.Preset(); return err },
		"ChangePreset":          func() error { _, err := none.ChangePreset(octet.PresetChange{}); return err },
		"Quantizable":           func() error { _, err := none.Quantizable(); return err },
		"FusedGraph":            func() error { _, err := none.FusedGraph(); return err },
		"ClampEffect":           func() error { _, err := none.ClampEffect(ctx, data); return err },
		"ClampEffect, inputs":   func() error { _, err := m.ClampEffect(ctx, nil); return err },
		"TryTransform":          func() error { _, err := none.TryTransform(ctx, data, nil); return err },
		"TryTransform, inputs":  func() error { _, err := m.TryTransform(ctx, nil, nil); return err },
		"Quantize":              func() error { _, _, err := octet.Quantize(ctx, nil, data); return err },
		"Quantize, data":        func() error { _, _, err := octet.Quantize(ctx, m, nil); return err },
		"Quantize, tensor":      func() error { _, _, err := octet.Quantize(ctx, m, octet.FromTensor(nil)); return err },
		"Quantize, batch":       func() error { _, _, err := octet.Quantize(ctx, m, empty); return err },
		"Calibrate":             func() error { _, err := octet.Calibrate(ctx, nil, data); return err },
		"Calibrate, data":       func() error { _, err := octet.Calibrate(ctx, m, nil); return err },
		"Convert":               func() error { _, _, err := octet.Convert(nil, nil); return err },
		"Convert, calibration":  func() error { _, _, err := octet.Convert(m, nil); return err },
		"Calibration.Write":     func() error { return (*octet.Calibration)(nil).Write(io.Discard) },
		"ReadCalibration":       func() error { _, err := octet.ReadCalibration(nil); return err },
		"Read":                  func() error { _, err := octet.Read(nil, 0, "none"); return err },
		"Compare, reference":    func() error { _, err := octet.Compare(ctx, nil, m, data); return err },
		"Compare, model":        func() error { _, err := octet.Compare(ctx, m, nil, data); return err },
		"Compare, inputs":       func() error { _, err := octet.Compare(ctx, m, m, nil); return err },
		"Compare, batch":        func() error { _, err := octet.Compare(ctx, m, m, empty); return err },
		"OpenWeights":           func() error { _, err := octet.OpenWeights(ctx, zoo.ResNet18Weights.Default(), nil); return err },
		"LabelledData":          func() error { _, err := octet.LabelledData(ctx, nil, demoPath); return err },
		"TrainingData":          func() error { _, err := octet.TrainingData(ctx, nil, nil); return err },
		"TrainingData, source":  func() error { _, err := octet.TrainingData(ctx, m, nil); return err },
		"Train":                 func() error { _, err := octet.Train(nil, &train.Data{}, train.Default()); return err },
		"Train, data":           func() error { _, err := octet.Train(m, nil, train.Default()); return err },
		"TrainQuantized":        func() error { _, err := octet.TrainQuantized(nil, &train.Data{}, train.DefaultQAT()); return err },
		"TrainQuantized, data":  func() error { _, err := octet.TrainQuantized(m, &train.Data{}, train.DefaultQAT()); return err },
		"Evaluate":              func() error { _, err := octet.Evaluate(ctx, nil, nil); return err },
		"Evaluate, source":      func() error { _, err := octet.Evaluate(ctx, m, nil); return err },
		"MatchClasses":          func() error { _, _, err := none.MatchClasses(nil); return err },
		"MatchClasses, source":  func() error { _, _, err := m.MatchClasses(nil); return err },
		"Session.Evaluate":      func() error { _, err := s.Evaluate(ctx, nil); return err },
		"Evaluate of nil":       func() error { _, err := stopped.Evaluate(ctx, nil); return err },
		"Evaluate, batch": func() error {
			_, err := s.Evaluate(ctx, func(yield func(*dataset.Batch, error) bool) { yield(nil, nil) })
			return err
		},
		"Inputs":     func() error { return first(octet.Inputs(ctx, nil, demoPath)) },
		"FromTensor": func() error { return first(octet.FromTensor(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := call(); err == nil || err.Error() == "" {
				t.Errorf("no error for nil: %v", err)
			}
		})
	}
	if got := octet.TopK(nil, 3, nil); got != nil {
		t.Errorf("TopK of nothing is %v", got)
	}
	if got := octet.TopK([]float32{1, 2}, -1, nil); len(got) != 0 {
		t.Errorf("TopK of -1 is %v", got)
	}
	if in := stopped.Inputs(); in != nil {
		t.Errorf("a session that is nil takes %v", in)
	}
	if count, rows := octet.CountNonFinite(nil); count.Inputs != 0 || rows != nil {
		t.Errorf("CountNonFinite of nil is %v", count)
	}
}

// first is the error of a stream.
func first(in octet.Batches) error {
	for _, err := range in {
		return err
	}
	return nil
}
