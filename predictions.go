package octet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/octet-ml/octet/dataset"
)

// PredictionLine is the answer to one sample of a shard.
type PredictionLine struct {
	At    [2]int       `json:"at"`    // part and index: a dataset.Place
	Input string       `json:"input"` // name of the sample in its set
	Top   []Prediction `json:"top"`   // best first
}

// Write writes l as a line of JSON.
func (l PredictionLine) Write(w io.Writer) error { return writeLine(w, l) }

// Predictions says what lines of predictions are of. As the last of them it shows that they
// are complete.
type Predictions struct {
	Origin
	Images  int             // lines
	Skipped dataset.Skipped // samples that could not be read
	Top     int             // classes of each sample, unless the model has fewer
}

// predictionsVersion is the version of the JSON form.
const predictionsVersion = 1

type predictionsJSON struct {
	Version int `json:"octet_predictions"`
	Origin
	Images  int             `json:"images"`
	Skipped dataset.Skipped `json:"skipped"`
	Top     int             `json:"top"`
}

// Predict computes a shard and has each called with the top classes of its samples, in order.
// A shard may be empty.
func (s *Session) Predict(ctx context.Context, shard *dataset.ShardReader, top int, each func(PredictionLine) error) (*Predictions, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	switch {
	case shard == nil:
		return nil, errNil("shard", "dataset.NewShardReader returns one")
	case each == nil:
		return nil, errNil("function", "it takes the lines")
	case top < 1:
		return nil, fmt.Errorf("the top %d classes: at least 1", top)
	}
	p := &Predictions{Top: top}
	for b, err := range shard.Batches(ctx) {
		if err != nil {
			return nil, err
		}
		y, err := s.Run(ctx, b.Input)
		if err != nil {
			return nil, err
		}
		n := len(b.Names)
		if len(y.Shape()) == 0 || y.Dim(0) != n {
			return nil, errors.New("the model does not give one answer for each image")
		}
		k := y.Numel() / n
		for i, name := range b.Names {
			at := b.Places[i]
			if err := each(PredictionLine{[2]int{at.Part, at.Index}, name, TopK(y.Float32s()[i*k:(i+1)*k], top, s.labels)}); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			p.Images++
		}
	}
	p.Skipped = shard.Skipped()
	var err error
	p.Origin, err = s.Origin(shard)
	return p, err
}

// Merge adds what the lines of another shard are of. Errors match dataset.ErrForeign where
// the two do not belong together; p is then what it was.
func (p *Predictions) Merge(o *Predictions) error {
	if o == nil {
		return errNil("predictions", "Session.Predict returns them")
	}
	if p.Top != o.Top {
		return dataset.Foreign("they have %d and %d classes of each image (top)", p.Top, o.Top)
	}
	if err := p.Origin.Merge(&o.Origin); err != nil {
		return err
	}
	p.Images += o.Images
	p.Skipped.Merge(o.Skipped)
	return nil
}

// Write writes p as the last line.
func (p *Predictions) Write(w io.Writer) error {
	return writeLine(w, predictionsJSON{predictionsVersion, p.Origin, p.Images, p.Skipped, p.Top})
}

// ParsePredictions reads the last line, without the end of line behind it.
func ParsePredictions(line []byte) (*Predictions, error) {
	var j predictionsJSON
	if err := json.Unmarshal(line, &j); err != nil || j.Version == 0 {
		return nil, errors.New("the last line is no summary of predictions: the file was cut off; run that shard again")
	}
	if j.Version != predictionsVersion {
		return nil, fmt.Errorf("predictions of version %d; this octet reads %d: run that shard again", j.Version, predictionsVersion)
	}
	err := j.Check()
	if err == nil && (j.Images < 0 || j.Skipped.Count < 0 || j.Images+j.Skipped.Count != j.Shards.Samples) {
		err = errors.New("its counts do not add up")
	}
	if err != nil {
		return nil, fmt.Errorf("the summary is damaged: %w: run that shard again", err)
	}
	return &Predictions{j.Origin, j.Images, j.Skipped, j.Top}, nil
}

// writeLine writes a line of JSON that leaves < and & as they are.
func writeLine(w io.Writer, v any) error {
	if w == nil {
		return errNil("writer", "os.Create returns one")
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
