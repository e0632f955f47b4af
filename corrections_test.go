package octet_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// trained is a network with depthwise convolutions.
const trained = "cmd/octet/demodata/fashion_mobilenet.pth"

func openTrained(t *testing.T) *octet.Model {
	t.Helper()
	m, err := octet.Open(trained)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// photos are the first n images that the demo calibrates on.
func photos(t *testing.T, m *octet.Model, n int) octet.Batches {
	t.Helper()
	all := octet.Inputs(t.Context(), m, filepath.Join("cmd", "octet", "demodata", "calibration-images-idx3-ubyte.gz"))
	return func(yield func(*tensor.Tensor, error) bool) {
		for x, err := range all {
			if err == nil {
				x = rows(x, counted(min(n, x.Dim(0)))...)
				n -= x.Dim(0)
			}
			if !yield(x, err) || n == 0 {
				return
			}
		}
	}
}

// counted are the numbers below n.
func counted(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// errorOf is the error of a conversion.
func errorOf(_ *octet.Model, _ *ptq.Report, err error) error { return err }

// ratio is how close the logits of an int8 model come to the float one's.
func ratio(t *testing.T, m, int8 *octet.Model) float64 {
	t.Helper()
	c, err := octet.Compare(t.Context(), m, int8, photos(t, m, 256))
	if err != nil {
		t.Fatal(err)
	}
	return float64(c.Outputs.SQNR)
}

func TestEqualizationHelpsOneScale(t *testing.T) {
	m := openTrained(t)
	recipe := octet.WithPerTensorWeights()
	plain, _, err := octet.Quantize(t.Context(), m, photos(t, m, 64), recipe)
	if err != nil {
		t.Fatal(err)
	}
	equal, report, err := octet.Quantize(t.Context(), m, photos(t, m, 64), recipe, octet.WithEqualization())
	if err != nil {
		t.Fatal(err)
	}
	if report.Equalized == 0 || !equal.Metadata().Calibration.Equalized || plain.Metadata().Calibration.Equalized {
		t.Errorf("%d layers; recorded %+v", report.Equalized, equal.Metadata().Calibration)
	}
	if a, b := ratio(t, m, plain), ratio(t, m, equal); b < a+1 {
		t.Errorf("%.1f dB without equalization, %.1f with", a, b)
	}
	// Its layers are compared with what they were made of: each is closer than its weights alone could be.
	c, err := octet.Compare(t.Context(), m, equal, photos(t, m, 8))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Layers {
		if l.Introduced < compare.Decibels(10) {
			t.Errorf("%s introduces noise at %v: it was compared with something else", l.Node, l.Introduced)
		}
	}
	var file bytes.Buffer
	if err := equal.Write(&file); err != nil || !bytes.Contains(file.Bytes(), []byte(`"equalized": true`)) {
		t.Errorf("the record does not say it (%v)", err)
	}
}

func TestEqualizationIsPartOfStatistics(t *testing.T) {
	m := openTrained(t)
	plain, err := octet.Calibrate(t.Context(), m, photos(t, m, 8))
	if err != nil {
		t.Fatal(err)
	}
	equal, err := octet.Calibrate(t.Context(), m, photos(t, m, 8), octet.WithEqualization())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		err  error
		says string
	}{
		{"converting plain statistics", errorOf(octet.Convert(m, read(t, plain), octet.WithEqualization())), "without equalized weights"},
		{"converting equalized ones", errorOf(octet.Convert(m, read(t, equal))), "with equalized weights"},
		{"resuming", errorOf(octet.Quantize(t.Context(), m, nil, octet.WithResume(read(t, plain)), octet.WithEqualization())), "without equalized weights"},
	} {
		if !errors.Is(c.err, octet.ErrStatistics) || !errors.Is(c.err, octet.ErrCalibration) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: error %v does not say %q", c.name, c.err, c.says)
		}
	}
	if _, _, err := octet.Convert(m, read(t, equal), octet.WithEqualization(), octet.WithBackend(octet.QNNPACK)); err != nil {
		t.Errorf("for another backend: %v", err)
	}
}

// correcting are the options behind the calibration.
var correcting = octet.Conversion(octet.WithBiasCorrection(), octet.WithAdaptiveRounding())

// TestCorrectionsAreTheSameInStages: in one call, in two, and with statistics of a file.
func TestCorrectionsAreTheSameInStages(t *testing.T) {
	m, images := openTrained(t), 80
	if testing.Short() {
		images = 16
	}
	steps := 0
	whole, report, err := octet.Quantize(t.Context(), m, photos(t, m, images), correcting, octet.WithCorrectionProgress(func(done, of int) { steps = of - done }))
	if err != nil {
		t.Fatal(err)
	}
	if r := whole.Metadata().Calibration; !r.BiasCorrected || !r.AdaptivelyRounded || report.Rounded != report.BiasCorrected || report.Rounded < 10 || steps != 0 {
		t.Errorf("recorded %+v; %d rounded, %d biases, %d layers left", r, report.Rounded, report.BiasCorrected, steps)
	}
	var want bytes.Buffer
	if err := whole.Write(&want); err != nil {
		t.Fatal(err)
	}
	plain, err := octet.Calibrate(t.Context(), m, photos(t, m, images))
	if err != nil {
		t.Fatal(err)
	}
	if err := errorOf(octet.Convert(m, plain, correcting)); !errors.Is(err, octet.ErrCalibration) || errors.Is(err, octet.ErrStatistics) {
		t.Errorf("statistics without samples: error %v", err)
	}
	for name, opts := range map[string][]octet.QuantizeOption{
		"alone":            {correcting},
		"from a file":      {correcting, octet.WithResume(read(t, plain))},
		"on three threads": {correcting, octet.WithThreads(3)},
	} {
		c, err := octet.Calibrate(t.Context(), m, photos(t, m, images), opts...)
		if err != nil {
			t.Fatal(err)
		}
		made, _, err := octet.Convert(m, c, correcting)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := made.Write(&got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: another model (%v)", name, err)
		}
	}
}

// TestCorrectionsHelp on images that they have not seen.
func TestCorrectionsHelp(t *testing.T) {
	slow(t, "rounds a network twice")
	m := open(t)
	least := map[string]float64{}
	for _, c := range []struct {
		name   string
		opts   octet.ConversionOption
		before string
		gain   float64 // in decibels: about half of what was measured
	}{
		{"plain", octet.Conversion(), "plain", 0},
		{"rounded", octet.WithAdaptiveRounding(), "plain", 0.5},
		{"all", octet.Conversion(correcting, octet.WithEqualization()), "plain", 1},
	} {
		made, _, err := octet.Quantize(t.Context(), m, photos(t, m, 64), octet.WithQConfig("octet"), c.opts)
		if err != nil {
			t.Fatal(err)
		}
		least[c.name] = ratio(t, m, made)
		t.Logf("%s: %.1f dB", c.name, least[c.name])
		if least[c.name] < least[c.before]+c.gain {
			t.Errorf("%s: %.1f dB, %s %.1f", c.name, least[c.name], c.before, least[c.before])
		}
	}
}

func TestCorrectingEndsWithItsContext(t *testing.T) {
	m := open(t)
	c, err := octet.Calibrate(t.Context(), m, photos(t, m, 8), correcting)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = errorOf(octet.ConvertContext(ctx, m, c, correcting, octet.WithCorrectionProgress(func(int, int) { cancel() })))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
