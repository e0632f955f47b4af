package ptq

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// statsFormat is the version of the JSON form of Stats.
const statsFormat = 1

// Stats is what calibration found, complete for a prefix of the images, so that
// it can be saved when interrupted and continued later.
type Stats struct {
	Format       int           `json:"format"`       // version of the JSON form
	Architecture string        `json:"architecture"` // name of the graph
	Model        string        `json:"model"`        // fingerprint of the fused float graph that was run, with its weights
	QConfig      quant.QConfig `json:"qconfig"`      // of the observers
	BatchSize    int           `json:"batch_size"`   // of the first batch; part of the recipe
	Batches      int           `json:"batches"`      // how many the observers saw
	Images       int           `json:"images"`       // how many the observers saw, over all batches
	// InputShapes are those of the first batch.
	InputShapes []tensor.Shape `json:"input_shapes,omitempty"`
	InputMin    float32        `json:"input_min"` // over all images
	InputMax    float32        `json:"input_max"` // of float inputs; 0 like InputMin where there are none

	observers []observed     // in order of computation
	at        map[string]int // the place of each value's observer in observers
}

// add puts an observer behind those that s has. Where a file has two of one value, the
// first counts.
func (s *Stats) add(o observed) {
	if s.at == nil {
		s.at = map[string]int{}
	}
	if _, ok := s.at[o.value]; !ok {
		s.at[o.value] = len(s.observers)
	}
	s.observers = append(s.observers, o)
}

// observed is the observer of one value: as it was left by a calibration, or the
// state of one in a file.
type observed struct {
	value string
	live  observe.Observer // nil: state is it
	state json.RawMessage
}

// statsJSON is the form of Stats in files.
type statsJSON struct {
	*plainStats
	Observers []observerJSON `json:"observers"`
}

type plainStats Stats

type observerJSON struct {
	Value string          `json:"value"`
	State json.RawMessage `json:"state"`
}

// MarshalJSON gives the form that ReadStats reads.
func (s *Stats) MarshalJSON() ([]byte, error) {
	j := statsJSON{plainStats: (*plainStats)(s)}
	for _, o := range s.observers {
		if o.live != nil {
			var err error
			if o.state, err = o.live.State(); err != nil {
				return nil, fmt.Errorf("observer of %q: %w", o.value, err)
			}
		}
		j.Observers = append(j.Observers, observerJSON{o.value, o.state})
	}
	return json.Marshal(j)
}

// ReadStats reads the JSON form of Stats.
func ReadStats(r io.Reader) (*Stats, error) {
	var s Stats
	j := statsJSON{plainStats: (*plainStats)(&s)}
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return nil, fmt.Errorf("calibration statistics: %w", err)
	}
	for _, o := range j.Observers {
		s.add(observed{value: o.Value, state: o.State})
	}
	if s.Format != statsFormat {
		return nil, fmt.Errorf("calibration statistics have format %d; this version reads %d: calibrate again", s.Format, statsFormat)
	}
	if _, err := json.Marshal(s.QConfig); err != nil { // one without element types
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

// ErrStats: statistics are of another model or other observers, or are damaged. Test
// with errors.Is.
var ErrStats = errors.New("statistics")

// statsError matches ErrStats without its text.
type statsError struct{ error }

func (e statsError) Unwrap() error        { return e.error }
func (e statsError) Is(target error) bool { return target == ErrStats }

// check returns an error that matches ErrStats when the statistics are not those of p.
func (s *Stats) check(p *Prepared) error {
	if err := s.compare(p); err != nil {
		return statsError{err}
	}
	return nil
}

func (s *Stats) compare(p *Prepared) error {
	model, err := p.model()
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
	for _, name := range p.Observed {
		if _, ok := s.at[name]; !ok {
			return fmt.Errorf("the statistics have no observer of %q; other layers were excluded when they were made: calibrate again", name)
		}
	}
	return nil
}

// observer returns an observer with spec's settings and the statistics of a value. It is a
// copy: observing more does not change s.
func (s *Stats) observer(value string, spec quant.ObserverSpec) (observe.Observer, error) {
	i, ok := s.at[value]
	if !ok {
		return nil, fmt.Errorf("the calibration has not observed %q; calibrate with the same exclusions", value)
	}
	seen := s.observers[i]
	if seen.live != nil {
		return observe.Copy(seen.live, spec)
	}
	o, err := observe.NewStrict(spec)
	if err != nil {
		return nil, err
	}
	return o, o.SetState(seen.state)
}

// Range is the range that an observer of spec chooses for a value; a histogram's may be
// narrower than the values seen. ok is false where nothing was seen.
func (s *Stats) Range(value string, spec quant.ObserverSpec) (lo, hi float32, ok bool, err error) {
	o, err := s.observer(value, spec)
	if err != nil {
		return 0, 0, false, err
	}
	if _, ranger := o.(observe.Ranger); ranger {
		lo, hi, ok = o.Range()
		return lo, hi, ok, nil
	}
	q, err := o.QParams()
	if err != nil {
		return 0, 0, false, nil
	}
	codes, err := spec.Codes()
	if err != nil {
		return 0, 0, false, nil
	}
	scale, zero := q.Scale(), q.ZeroPoint()
	return float32(scale * float64(codes.Min-zero)), float32(scale * float64(codes.Max-zero)), true, nil
}

// watched describes the settings that decide what an observer records, as opposed to how it
// turns records into parameters: statistics serve every recipe with the same string, whatever
// the backend, the range of codes and the granularity of weights.
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

// Fingerprint identifies a graph with its weights, all of which it reads.
func Fingerprint(g *graph.Graph) (string, error) {
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
