package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Speed says how many times faster a model is than a reference: the reference's time
// divided by its own, of runs in turns. Above 1 the model is faster.
type Speed struct {
	Times float64 `json:"times"` // the median over the turns
	// Low and High are an interval that holds the median of ever more turns with a
	// probability of 95 %.
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Turns int     `json:"turns"` // how many there were
}

// least is how far from 1 a speed must be to be called a difference: less comes from
// how a program lies in memory.
const least = 0.02

// NewSpeed compares the times of turns, of which there is at least one. The interval
// is that of the sign test: it holds whatever the distribution, so that turns in which
// something else kept the machine busy do no harm.
func NewSpeed(reference, own []time.Duration) Speed {
	times := make([]float64, len(own))
	for i, took := range own {
		times[i] = float64(reference[i]) / float64(max(1, took))
	}
	slices.Sort(times)
	n := len(times)
	out := max(0, int((float64(n)-1.96*math.Sqrt(float64(n)))/2)) // ranks below the interval
	return Speed{(times[(n-1)/2] + times[n/2]) / 2, times[out], times[n-1-out], n}
}

// Differs reports whether a difference was measured.
func (s Speed) Differs() bool { return s.Faster() || s.Slower() }

// Faster reports whether the model was measured to be faster than the reference.
func (s Speed) Faster() bool { return s.Low > 1 && s.Times >= 1+least }

// Slower reports whether the model was measured to be slower than the reference.
func (s Speed) Slower() bool { return s.High < 1 && s.Times <= 1-least }

// Short is the speed as a factor with its interval, or says that there was no
// difference.
func (s Speed) Short() string {
	if !s.Differs() {
		return s.factor()
	}
	return fmt.Sprintf("%s (%s–%s)", s.factor(), factor(s.Low), factor(s.High))
}

// factor is the speed as a factor alone, where one was measured.
func (s Speed) factor() string {
	if !s.Differs() {
		return "no difference"
	}
	return factor(s.Times) + " ×"
}

// String says the same in words.
func (s Speed) String() string {
	switch {
	case s.Faster():
		return fmt.Sprintf("%s times faster (%s to %s)", factor(s.Times), factor(s.Low), factor(s.High))
	case s.Slower():
		return fmt.Sprintf("%s times slower (%s to %s)", factor(1/s.Times), factor(1/s.High), factor(1/s.Low))
	}
	return fmt.Sprintf("no difference measured (%s to %s)", factor(s.Low), factor(s.High))
}

func factor(v float64) string { return fmt.Sprintf("%.2f", v) }
