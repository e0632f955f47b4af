package octet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// Calibration is what the observers of a calibration have seen. Calibrate returns it
// and Convert takes it, for every recipe that observes activations alike; Write keeps
// it in a file. It does not change.
type Calibration struct {
	// Complete says that all calibration data was seen. One that is not is there to be
	// continued: WithResume.
	Complete bool
	// Source is what the calibration data was called.
	Source string
	// BatchSize and Limit are the parts of the recipe that the data has to be
	// read with again.
	BatchSize, Limit int
	// Equalized says that the weights were equalized across layers.
	Equalized bool
	// Images is the number of samples seen.
	Images int
	// Data is what they were made of: that of WithIdentity, or else what the
	// observers were shown. WithResume refuses other data.
	Data dataset.Identity
	// Shards says which samples of a set CalibrateShard has seen, and Recipe how; nil of other
	// calibrations. Convert takes one that is Complete.
	Shards *dataset.Coverage
	Recipe *ShardRecipe

	stats   *ptq.Stats
	samples [][]*tensor.Tensor // for corrections; nil where none was asked for
	relu6   *ptq.ClampEffect   // measured on the same data; nil where it was not
}

// statisticsVersion is the version of the JSON form.
// Statistics of version 1 do not say what they were made of.
const statisticsVersion = 2

type statisticsJSON struct {
	Version   int               `json:"octet_statistics"`
	Complete  bool              `json:"complete"`
	Source    string            `json:"source,omitempty"`
	BatchSize int               `json:"batch_size"`
	Limit     int               `json:"limit,omitempty"`
	Equalized bool              `json:"equalized,omitempty"`
	Data      dataset.Identity  `json:"data"`
	Shards    *dataset.Coverage `json:"shards,omitempty"`
	Recipe    *ShardRecipe      `json:"recipe,omitempty"`
	Stats     json.RawMessage   `json:"stats"`
}

// Write writes c as JSON.
func (c *Calibration) Write(w io.Writer) error {
	if w == nil {
		return errNil("writer", "os.Create returns one")
	}
	if c == nil || c.stats == nil {
		return fmt.Errorf("there are no statistics to write: calibration has not begun")
	}
	inner, err := json.Marshal(c.stats)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(statisticsJSON{statisticsVersion, c.Complete, c.Source, c.BatchSize, c.Limit, c.Equalized, c.Data, c.Shards, c.Recipe, inner})
}

// ReadCalibration reads what Write wrote.
func ReadCalibration(r io.Reader) (*Calibration, error) {
	if r == nil {
		return nil, errNil("reader", "os.Open returns one")
	}
	var outer statisticsJSON
	if err := json.NewDecoder(r).Decode(&outer); err != nil {
		return nil, fmt.Errorf("not a file of calibration statistics: %w: calibrate again", err)
	}
	if outer.Version != statisticsVersion {
		why := ""
		if outer.Version == 1 {
			why = ", and those of version 1 do not say which data they were made of"
		}
		return nil, fmt.Errorf("calibration statistics of version %d; this octet reads %d%s: calibrate again", outer.Version, statisticsVersion, why)
	}
	stats, err := ptq.ReadStats(bytes.NewReader(outer.Stats))
	if err != nil {
		return nil, err
	}
	if (outer.Shards == nil) != (outer.Recipe == nil) || outer.Shards != nil && (outer.Shards.Check() != nil || outer.Shards.Samples < stats.Images) {
		return nil, fmt.Errorf("the calibration statistics do not say which shard they are of; the file is damaged: calibrate again")
	}
	if stats.Images < 0 || outer.Shards == nil && stats.Images > len(outer.Data.Samples) {
		return nil, fmt.Errorf("the calibration statistics are of %d samples and name %d; the file is damaged: calibrate again", stats.Images, len(outer.Data.Samples))
	}
	if r := outer.Recipe; r != nil && r.Preset != nil {
		if err := r.Preset.Validate(); err != nil {
			return nil, fmt.Errorf("the preset of the calibration statistics: %w; the file is damaged: calibrate again", err)
		}
	}
	return &Calibration{Complete: outer.Complete, Source: outer.Source, BatchSize: outer.BatchSize, Limit: outer.Limit,
		Equalized: outer.Equalized, Images: stats.Images, Data: outer.Data,
		Shards: outer.Shards, Recipe: outer.Recipe, stats: stats}, nil
}

// finished reports whether there is nothing left to calibrate.
func (c *Calibration) finished() bool { return c != nil && c.Complete && c.stats != nil }

// fits checks what can be said of the recipe and the data before the data is read.
func (c *Calibration) fits(o quantizeOptions) error {
	if c.Shards != nil {
		return classed{errors.New("statistics of shards are complete as they are: no data goes with them"), ErrStatistics}
	}
	if err := c.fitsEqualized(o); err != nil {
		return err
	}
	var err error
	switch {
	case c.BatchSize != o.batchSize:
		err = fmt.Errorf("the statistics were made with batches of %d, not %d: use the same batch size, or other statistics", c.BatchSize, o.batchSize)
	case c.Limit != o.limit:
		err = fmt.Errorf("the statistics were made with limit %d, not %d: use the same, or other statistics", c.Limit, o.limit)
	case o.identity != nil:
		return c.madeOf(*o.identity)
	}
	if err != nil {
		return classed{err, ErrStatistics}
	}
	return nil
}

// madeOf refuses other data than that of the statistics.
func (c *Calibration) madeOf(data dataset.Identity) error {
	if d := c.Data.Differences(data); d != nil {
		return classed{fmt.Errorf("the statistics were made of other data: %s: use the same data and settings, or calibrate again", strings.Join(d, "; ")), ErrStatistics}
	}
	return nil
}
