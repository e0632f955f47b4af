package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Difference counts, in whole numbers, how the answers of a model differ from a reference's on
// labelled inputs. Those of several sets add up to that of all of them, in any order.
type Difference struct {
	// Changed counts the inputs for which both give the largest logit to different classes.
	Changed int `json:"changed"`
	// Lost counts the inputs that the reference had right and the model has not, Gained those
	// with which it is the other way round.
	Lost   int `json:"lost"`
	Gained int `json:"gained"`
	// MaxError is the largest difference of two logits.
	MaxError float64 `json:"max_error"`
	// Equal counts the logits that are equal, and NonFinite those that differ by no number.
	Equal     int `json:"equal"`
	NonFinite int `json:"non_finite,omitempty"`
	// Bins count all other logits, by how far they are apart, in ascending order.
	Bins []ErrorBin `json:"bins"`
}

// ErrorBin counts the logits that are apart by 2^Exponent or more, and by less than twice that.
type ErrorBin struct {
	Exponent int `json:"exponent"` // of 2
	Logits   int `json:"logits"`   // 1 or more
}

// Add takes in the logits of an input whose class is label.
func (d *Difference) Add(label int, want, got []float32) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d and %d logits cannot be compared: both models need the same classes", len(want), len(got))
	}
	if Top1(want) != Top1(got) {
		d.Changed++
	}
	switch was, is := Ahead(want, label) == 0, Ahead(got, label) == 0; {
	case was && !is:
		d.Lost++
	case is && !was:
		d.Gained++
	}
	for i, x := range want {
		apart := math.Abs(float64(x) - float64(got[i]))
		switch {
		case x == got[i]:
			d.Equal++
		case math.IsNaN(apart) || math.IsInf(apart, 0):
			d.NonFinite++
		default:
			d.MaxError = max(d.MaxError, apart)
			d.count(exponentOf(apart), 1)
		}
	}
	return nil
}

// exponentOf is the bin of a difference that is not 0.
func exponentOf(apart float64) int {
	_, e := math.Frexp(apart)
	return e - 1
}

func (d *Difference) count(exponent, logits int) {
	at, found := slices.BinarySearchFunc(d.Bins, exponent, func(b ErrorBin, e int) int { return cmp.Compare(b.Exponent, e) })
	if !found {
		d.Bins = slices.Insert(d.Bins, at, ErrorBin{Exponent: exponent})
	}
	d.Bins[at].Logits += logits
}

// Merge adds the counts of o.
func (d *Difference) Merge(o *Difference) {
	d.Changed, d.Lost, d.Gained = d.Changed+o.Changed, d.Lost+o.Lost, d.Gained+o.Gained
	d.MaxError = max(d.MaxError, o.MaxError)
	d.Equal, d.NonFinite = d.Equal+o.Equal, d.NonFinite+o.NonFinite
	d.Bins = slices.Clone(d.Bins)
	for _, b := range o.Bins {
		d.count(b.Exponent, b.Logits)
	}
}

// Logits counts all that were compared.
func (d *Difference) Logits() int {
	n := d.Equal + d.NonFinite
	for _, b := range d.Bins {
		n += b.Logits
	}
	return n
}

// Below is the power of two that the differences of at least this share of the logits are below;
// 0 where so many are equal.
func (d *Difference) Below(share float64) float64 {
	n, left := d.Equal, share*float64(d.Logits())
	if float64(n) >= left {
		return 0
	}
	for _, b := range d.Bins {
		if n += b.Logits; float64(n) >= left {
			return math.Ldexp(1, b.Exponent+1)
		}
	}
	return math.Inf(1)
}

// Check refuses what Add does not count of so many inputs.
func (d *Difference) Check(inputs int) error {
	for _, n := range []int{d.Changed, d.Lost, d.Gained, d.Lost + d.Gained} {
		if n < 0 || n > inputs {
			return errors.New("it counts more inputs with other answers than there are")
		}
	}
	last, logits := math.Inf(-1), d.Equal+d.NonFinite
	for _, b := range d.Bins {
		if b.Logits < 1 || float64(b.Exponent) <= last {
			return errors.New("its bins are not in order")
		}
		if logits += b.Logits; logits < 0 {
			break // too many to count
		}
		last = float64(b.Exponent)
	}
	if d.Equal < 0 || d.NonFinite < 0 || logits < 0 || inputs == 0 && logits != 0 || inputs > 0 && logits%inputs != 0 {
		return errors.New("its counts of logits do not add up")
	}
	if largest := len(d.Bins) - 1; largest < 0 && d.MaxError != 0 || largest >= 0 && (d.MaxError <= 0 || exponentOf(d.MaxError) != d.Bins[largest].Exponent) {
		return errors.New("its largest difference is in no bin")
	}
	return nil
}
