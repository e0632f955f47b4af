package train

import (
	"fmt"
	"math"
)

// ScheduleKind names how the learning rate falls.
type ScheduleKind string

// The kinds of schedules.
const (
	// Constant keeps the rate.
	Constant ScheduleKind = "constant"
	// Cosine lets it fall along half a cosine to Final at the last step.
	Cosine ScheduleKind = "cosine"
	// Stairs multiplies it by Factor after every Every of the training.
	Stairs ScheduleKind = "step"
)

// Schedule says what part of the learning rate each step takes.
type Schedule struct {
	Kind ScheduleKind `json:"kind"` // the curve behind the warm-up
	// Warmup is the share of the steps in which the rate rises from 0 to its full
	// value, on a line.
	Warmup float64 `json:"warmup,omitempty"`
	// Final is the part of the rate that Cosine ends at.
	Final float64 `json:"final,omitempty"`
	// Every is the share of the steps between two falls of Stairs, Factor what the
	// rate is multiplied with; 0 mean a third and 0.1.
	Every  float64 `json:"every,omitempty"`
	Factor float64 `json:"factor,omitempty"`
}

func (s Schedule) validate() error {
	switch s.Kind {
	case Constant, Cosine, Stairs:
	default:
		return fmt.Errorf("unknown schedule %q: use constant, cosine or step", s.Kind)
	}
	for _, v := range []struct {
		name string
		v    float64
	}{{"warmup", s.Warmup}, {"final", s.Final}, {"every", s.Every}, {"factor", s.Factor}} {
		if !(v.v >= 0 && v.v <= 1) {
			return fmt.Errorf("%s of the schedule is %v; it must be from 0 to 1", v.name, v.v)
		}
	}
	return nil
}

// At is the part of the learning rate that step i of n takes.
func (s Schedule) At(i, n int) float64 {
	warm := s.Warmup * float64(n)
	if float64(i) < warm {
		return float64(i+1) / (warm + 1)
	}
	done := (float64(i) - warm) / max(1, float64(n)-warm)
	switch s.Kind {
	case Cosine:
		return s.Final + (1-s.Final)*0.5*(1+math.Cos(math.Pi*done))
	case Stairs:
		every, factor := s.Every, s.Factor
		if every == 0 {
			every = 1.0 / 3
		}
		if factor == 0 {
			factor = 0.1
		}
		return math.Pow(factor, math.Floor(done/every+1e-9))
	}
	return 1
}
