package ptq

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
)

// statsFormat is the version of the JSON form of Stats.
const statsFormat = 1

// Stats is what calibration found, complete for a prefix of the images, so that
// it can be saved when interrupted and continued later.
type Stats struct {
	Format       int           `json:"format"`
	Architecture string        `json:"architecture"`
	Model        string        `json:"model"` // fingerprint of the fused float graph that was run, with its weights
	QConfig      quant.QConfig `json:"qconfig"`
	BatchSize    int           `json:"batch_size"` // of the first batch; part of the recipe
	Batches      int           `json:"batches"`
	Images       int           `json:"images"`
	InputMin     float32       `json:"input_min"` // over all images
	InputMax     float32       `json:"input_max"`
	// Observers has the state of every observer, in order of computation.
	Observers []ObserverState `json:"observers"`
}

// ObserverState is the state of the observer of one value.
type ObserverState struct {
	Value string          `json:"value"`
	State json.RawMessage `json:"state"`
}

// ReadStats reads the JSON form of Stats.
func ReadStats(r io.Reader) (*Stats, error) {
	var s Stats
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("calibration statistics: %w", err)
	}
	if s.Format != statsFormat {
		return nil, fmt.Errorf("calibration statistics have format %d; this version reads %d: calibrate again", s.Format, statsFormat)
	}
	if _, err := json.Marshal(s); err != nil { // a qconfig without element types
		return nil, fmt.Errorf("calibration statistics: incomplete: %w", err)
	}
	return &s, nil
}

// Write writes the JSON form of s.
func (s *Stats) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(s)
}

// check returns an error when the statistics are not those of p.
func (s *Stats) check(p *Prepared) error {
	model, err := fingerprint(p.Calibrated)
	if err != nil {
		return err
	}
	if s.Model != model {
		return fmt.Errorf("the statistics were made with another model (%s, fingerprint %.12s; this one is %s, %.12s): calibrate again",
			s.Architecture, s.Model, p.Graph.Name, model)
	}
	if mine, theirs := watched(p.QConfig.Activation), watched(s.QConfig.Activation); mine != theirs {
		return fmt.Errorf("the statistics were made with other observers of activations (%s; these are %s): calibrate again", theirs, mine)
	}
	have := map[string]bool{}
	for _, o := range s.Observers {
		have[o.Value] = true
	}
	for _, name := range p.Observed {
		if !have[name] {
			return fmt.Errorf("the statistics have no observer of %q; other layers were excluded when they were made: calibrate again", name)
		}
	}
	return nil
}

// watched describes what an observer sees, as opposed to the parameters that it
// makes of it: statistics serve every recipe for which it is the same, whatever
// the backend, its range of codes and the granularity of weights are.
func watched(s quant.ObserverSpec) string {
	d := s.WithDefaults()
	text := fmt.Sprintf("%s %v", d.Kind, d.DType)
	switch d.Kind {
	case quant.MovingAverageMinMax:
		text += fmt.Sprintf(", averaging constant %g", d.AveragingConstant)
	case quant.Histogram, quant.MergeableHistogram, quant.Percentile, quant.MSE:
		text += fmt.Sprintf(", %d bins", d.Bins)
	}
	return text
}

// fingerprint identifies a graph with its weights.
func fingerprint(g *graph.Graph) (string, error) {
	structure, err := g.MarshalJSON()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(structure)
	for _, p := range g.Params {
		h.Write(p.Data.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
