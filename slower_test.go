package octet_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/timing"
)

// TestExcludeSlower: which layers are slower is the machine's affair; that they stay in
// float, are told and are recorded is not.
func TestExcludeSlower(t *testing.T) {
	defer func(b timing.Budget) { timing.SlowerBudget = b }(timing.SlowerBudget)
	timing.SlowerBudget = timing.Budget{Runs: 3}
	m, data := open(t), octet.FromTensor(noise(t, 6))
	recipe := octet.Recipe(octet.WithQConfig("torchvision"), octet.WithExclude("fc"), octet.WithSource("noise"))
	c, err := octet.Calibrate(t.Context(), m, data, recipe)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	made, report, err := octet.ExcludeSlower(t.Context(), m, c, data, recipe, octet.WithThreads(1),
		octet.WithSlowerLayers(func(names []string) { told = append(told, names...) }))
	if err != nil {
		t.Fatal(err)
	}
	record := made.Metadata().Calibration
	if !slices.Equal(record.Slower, told) || !slices.Equal(record.Excluded, append([]string{"fc"}, told...)) || report.Images != 6 || record.Source != "noise" {
		t.Errorf("told %q, recorded %q of %q", told, record.Slower, record.Excluded)
	}
	for _, name := range record.Excluded {
		if node, ok := made.Graph().Node(name); !ok || timing.OnCodes(node) {
			t.Errorf("%s computes on integers", name)
		}
	}
	want, _, err := octet.Convert(m, c, recipe, octet.WithExclude(told...))
	if err == nil { // otherwise something new had to be observed
		x := noise(t, 2)
		if !slices.Equal(run(t, want, x), run(t, made, x)) {
			t.Error("converted with the same layers in float the model computes something else")
		}
	}
	if _, _, err := octet.ExcludeSlower(t.Context(), m, c, nil, recipe); !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), "octet.Inputs") {
		t.Errorf("without inputs: %v", err)
	}
	if _, _, err := octet.ExcludeSlower(t.Context(), m, nil, data); !errors.Is(err, octet.ErrCalibration) {
		t.Errorf("without a calibration: %v", err)
	}
}
