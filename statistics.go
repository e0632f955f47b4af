package octet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/ptq"
)

// Statistics is what a calibration has seen so far. The zero value is empty; give
// it to WithStatistics to keep the work of an interrupted calibration, or to
// convert again without calibrating.
type Statistics struct {
	// Complete says that all calibration data was seen.
	Complete bool
	// Source is what the calibration data was called.
	Source string
	// BatchSize and Limit are the parts of the recipe that the data has to be
	// read with again.
	BatchSize, Limit int
	// Images is the number of samples seen.
	Images int
	// Data is what they were made of: that of WithIdentity, or else what the
	// observers were shown. Other data is refused.
	Data dataset.Identity

	stats *ptq.Stats
}

// statisticsVersion is the version of the JSON form.
// Statistics of version 1 do not say what they were made of.
const statisticsVersion = 2

type statisticsJSON struct {
	Version   int              `json:"octet_statistics"`
	Complete  bool             `json:"complete"`
	Source    string           `json:"source,omitempty"`
	BatchSize int              `json:"batch_size"`
	Limit     int              `json:"limit,omitempty"`
	Data      dataset.Identity `json:"data"`
	Stats     json.RawMessage  `json:"stats"`
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
	return enc.Encode(statisticsJSON{statisticsVersion, s.Complete, s.Source, s.BatchSize, s.Limit, s.Data, inner})
}

// ReadStatistics reads what Write wrote.
func ReadStatistics(r io.Reader) (*Statistics, error) {
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
	if stats.Images < 0 || stats.Images > len(outer.Data.Samples) {
		return nil, fmt.Errorf("the calibration statistics are of %d samples and name %d; the file is damaged: calibrate again", stats.Images, len(outer.Data.Samples))
	}
	return &Statistics{outer.Complete, outer.Source, outer.BatchSize, outer.Limit, stats.Images, outer.Data, stats}, nil
}

// finished reports whether there is nothing left to calibrate.
func (s *Statistics) finished() bool { return s.Complete && s.stats != nil }

// fits checks what can be said of the recipe and the data before the data is read.
func (s *Statistics) fits(o quantizeOptions) error {
	var err error
	switch {
	case s.stats == nil:
	case s.BatchSize != o.batchSize:
		err = fmt.Errorf("the statistics were made with batches of %d, not %d: use the same batch size, or other statistics", s.BatchSize, o.batchSize)
	case s.Limit != o.limit:
		err = fmt.Errorf("the statistics were made with limit %d, not %d: use the same, or other statistics", s.Limit, o.limit)
	case o.identity != nil:
		return s.madeOf(*o.identity)
	}
	if err != nil {
		return classed{err, ErrStatistics}
	}
	return nil
}

// madeOf refuses other data than that of the statistics.
func (s *Statistics) madeOf(data dataset.Identity) error {
	if d := s.Data.Differences(data); d != nil {
		return classed{fmt.Errorf("the statistics were made of other data: %s: use the same data and settings, or calibrate again", strings.Join(d, "; ")), ErrStatistics}
	}
	return nil
}
