package octet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/octet-ml/octet/ptq"
)

// Statistics is what a calibration has seen so far. The zero value is empty; give
// it to WithStatistics to keep the work of an interrupted calibration, or to
// convert again without calibrating.
type Statistics struct {
	// Complete says that all calibration data was seen.
	Complete bool
	// Source names the calibration data.
	Source string
	// BatchSize and Limit are the parts of the recipe that the data has to be
	// read with again.
	BatchSize, Limit int
	// Images is the number of samples seen.
	Images int

	stats *ptq.Stats
}

// statisticsVersion is the version of the JSON form.
const statisticsVersion = 1

type statisticsJSON struct {
	Version   int             `json:"octet_statistics"`
	Complete  bool            `json:"complete"`
	Source    string          `json:"source,omitempty"`
	BatchSize int             `json:"batch_size"`
	Limit     int             `json:"limit,omitempty"`
	Stats     json.RawMessage `json:"stats"`
}

// Write writes s as JSON. Empty statistics are an error.
func (s *Statistics) Write(w io.Writer) error {
	if s.stats == nil {
		return fmt.Errorf("there are no statistics to write: calibration has not begun")
	}
	inner, err := json.Marshal(s.stats)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(statisticsJSON{statisticsVersion, s.Complete, s.Source, s.BatchSize, s.Limit, inner})
}

// ReadStatistics reads what Write wrote.
func ReadStatistics(r io.Reader) (*Statistics, error) {
	var outer statisticsJSON
	if err := json.NewDecoder(r).Decode(&outer); err != nil {
		return nil, fmt.Errorf("not a file of calibration statistics: %w", err)
	}
	if outer.Version != statisticsVersion {
		return nil, fmt.Errorf("calibration statistics of version %d; this octet reads %d: calibrate again", outer.Version, statisticsVersion)
	}
	stats, err := ptq.ReadStats(bytes.NewReader(outer.Stats))
	if err != nil {
		return nil, err
	}
	return &Statistics{outer.Complete, outer.Source, outer.BatchSize, outer.Limit, stats.Images, stats}, nil
}

// fits checks that the statistics came from the data and recipe of o.
func (s *Statistics) fits(o quantizeOptions) error {
	switch {
	case s.stats == nil:
		return nil
	case s.BatchSize != o.batchSize:
		return fmt.Errorf("the statistics were made with batches of %d, not %d: use the same batch size, or other statistics", s.BatchSize, o.batchSize)
	case s.Limit != o.limit:
		return fmt.Errorf("the statistics were made with limit %d, not %d: use the same, or other statistics", s.Limit, o.limit)
	case s.Source != o.source:
		return fmt.Errorf("the statistics were made with the data %q, not %q: use the same data, or other statistics", s.Source, o.source)
	}
	return nil
}
