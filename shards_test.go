package octet_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

// TestStatisticsOfOtherPresets: statistics whose files say that images were prepared in two ways
// do not merge, and a preset that prepares nothing is not read.
func TestStatisticsOfOtherPresets(t *testing.T) {
	model, err := octet.Open(demoModel)
	if err != nil {
		t.Fatal(err)
	}
	preset, _, err := model.Preset()
	if err != nil {
		t.Fatal(err)
	}
	if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &preset }); err != nil {
		t.Fatal(err)
	}
	part, err := dataset.OpenPart("cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	of := func(i int) string {
		r, err := dataset.NewShardReader([]dataset.Part{part}, dataset.Shard{Index: i, Count: 128}, dataset.ShardOptions{LoaderOptions: dataset.LoaderOptions{Preset: preset}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := octet.CalibrateShard(t.Context(), model, r, octet.WithQConfig("minmax"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	read := func(text string) *octet.Calibration {
		c, err := octet.ReadCalibration(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one, two := of(1), of(2)
	if _, err := read(one).Merge(read(two)); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(two, "0.353\n", "0.5\n", 1)
	if _, err := read(one).Merge(read(other)); !errors.Is(err, dataset.ErrForeign) || !strings.Contains(err.Error(), "presets") {
		t.Errorf("another preset: %v", err)
	}
	broken := strings.Replace(two, "0.353\n", "0\n", 1)
	if _, err := octet.ReadCalibration(strings.NewReader(broken)); err == nil || !strings.Contains(err.Error(), "preset") {
		t.Errorf("a broken preset: %v", err)
	}
}
