package compare

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// Bounds of what Outputs keeps.
const (
	maxConfusion = 64 // classes
	maxChanged   = 50 // inputs
)

// Outputs compares the logits of a model with those of the reference. The zero
// value has seen nothing; the exported fields are complete after every Add.
type Outputs struct {
	Inputs int `json:"inputs"` // how many were compared
	// Agreement is the share of inputs, in percent, for which both give the
	// largest logit to the same class.
	Agreement float64 `json:"agreement_percent"`
	// AgreementInterval is where the share of all such inputs lies, with 95 % confidence.
	AgreementInterval Interval `json:"agreement_interval_percent"`
	SQNR              Decibels `json:"sqnr_db"`   // of the logits; null where they are equal
	MaxError          float64  `json:"max_error"` // largest difference of a logit
	// Cosine is the mean over the inputs of the cosine between both outputs, MinCosine the least.
	Cosine    float64 `json:"cosine"`
	MinCosine float64 `json:"cosine_min"`
	// Equal is the share of logits, in percent, that are the same to the bit.
	Equal float64 `json:"equal_percent"`

	// Accuracy is set where the inputs have labels.
	Accuracy *Accuracy `json:"accuracy,omitempty"`

	// Changed lists the first inputs whose class differs from the reference's;
	// there are ChangedCount of them.
	ChangedCount int       `json:"changed"`
	Changed      []Changed `json:"changed_inputs,omitempty"`

	noise         Noise
	equal, logits int
	cosines       float64 // their sum
}

// Accuracy counts right answers.
type Accuracy struct {
	// Top1 and Top5 count the inputs whose label is the largest, or among the five largest,
	// of the logits; Top1Percent and Top5Percent are their shares.
	Top1        int     `json:"top1_correct"`
	Top5        int     `json:"top5_correct"`
	Top1Percent float64 `json:"top1_percent"`
	Top5Percent float64 `json:"top5_percent"`
	// Lost counts the inputs that the reference had right and this model has
	// not, Gained those with which it is the other way round.
	Lost   int `json:"lost"`
	Gained int `json:"gained"`
	// ChangeInterval is where the change of top-1 against the reference lies on all such
	// inputs, in points, with 95 % confidence.
	ChangeInterval Interval `json:"change_interval_points"`
	// Confusion counts the inputs by class (row) and answer (column); absent for
	// more than 64 classes.
	Confusion [][]int `json:"confusion,omitempty"`
}

// Changed is an input for which two models give different classes.
type Changed struct {
	Input string `json:"input"`           // its name, such as a file
	Label *int   `json:"label,omitempty"` // nil without labels
	Want  int    `json:"reference_class"` // class that the reference gives
	Got   int    `json:"class"`           // class that this model gives
}

// Add takes in the logits, float32 [N, classes], of both models for N inputs of
// the given names. labels holds their classes, or is nil.
func (o *Outputs) Add(names []string, labels []int, want, got *tensor.Tensor) error {
	a, b := rows(want), rows(got)
	if len(a) != len(b) || len(a) != len(names) || len(a) > 0 && len(a[0]) != len(b[0]) {
		return fmt.Errorf("logits %v and %v of %d inputs cannot be compared: both models need the same classes", want, got, len(names))
	}
	for i := range a {
		label := -1
		if labels != nil {
			if label = labels[i]; label < 0 || label >= Classes(len(a[i])) {
				return fmt.Errorf("%s: its label is %d; the model has the classes 0..%d", names[i], label, Classes(len(a[i]))-1)
			}
		}
		o.add(names[i], label, a[i], b[i])
	}
	o.sum()
	return nil
}

func (o *Outputs) add(name string, label int, want, got []float32) {
	o.Inputs++
	o.noise.Add(want, got)
	o.logits += len(want)
	for i, x := range want {
		o.MaxError = max(o.MaxError, math.Abs(float64(x)-float64(got[i])))
		if math.Float32bits(x) == math.Float32bits(got[i]) {
			o.equal++
		}
	}
	cosine := cosineOf(want, got)
	if o.cosines += cosine; o.Inputs == 1 || cosine < o.MinCosine {
		o.MinCosine = cosine
	}
	wanted, given := Top1(want), Top1(got)
	if wanted != given {
		o.ChangedCount++
		if len(o.Changed) < maxChanged {
			c := Changed{Input: name, Want: wanted, Got: given}
			if label >= 0 {
				c.Label = &label
			}
			o.Changed = append(o.Changed, c)
		}
	}
	if label >= 0 {
		if o.Accuracy == nil {
			o.Accuracy = newAccuracy(Classes(len(want)))
		}
		o.Accuracy.add(label, wanted, got)
	}
}

// sum derives the shares from what was counted.
func (o *Outputs) sum() {
	if o.Inputs == 0 {
		return
	}
	o.Agreement = percent(o.Inputs-o.ChangedCount, o.Inputs)
	o.AgreementInterval = ShareInterval(o.Inputs-o.ChangedCount, o.Inputs)
	o.SQNR = o.noise.Decibels()
	o.Cosine = o.cosines / float64(o.Inputs)
	o.Equal = percent(o.equal, o.logits)
	if a := o.Accuracy; a != nil {
		a.Top1Percent, a.Top5Percent = percent(a.Top1, o.Inputs), percent(a.Top5, o.Inputs)
		a.ChangeInterval = ChangeInterval(a.Gained, a.Lost, o.Inputs)
	}
}

// cosineOf is the cosine of the angle between two vectors; of one without a direction it is 1
// where the other has none either, else 0, and it is 0 where it is not a number.
func cosineOf(a, b []float32) float64 {
	var dot, na, nb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot, na, nb = dot+x*y, na+x*x, nb+y*y
	}
	if na == 0 && nb == 0 {
		return 1
	}
	c := dot / (math.Sqrt(na) * math.Sqrt(nb))
	if math.IsNaN(c) {
		return 0
	}
	return min(max(c, -1), 1)
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(of) }

func newAccuracy(classes int) *Accuracy {
	a := &Accuracy{}
	if classes <= maxConfusion {
		a.Confusion = make([][]int, classes)
		for i := range a.Confusion {
			a.Confusion[i] = make([]int, classes)
		}
	}
	return a
}

func (a *Accuracy) add(label, wanted int, logits []float32) {
	ahead := Ahead(logits, label)
	right := ahead == 0
	if right {
		a.Top1++
	}
	if ahead < 5 {
		a.Top5++
	}
	switch {
	case wanted == label && !right:
		a.Lost++
	case wanted != label && right:
		a.Gained++
	}
	if a.Confusion != nil && !undecided(logits) {
		a.Confusion[label][Top1(logits)]++
	}
}

// rows cuts [N, K] into its rows.
func rows(t *tensor.Tensor) [][]float32 {
	n := t.Dim(0)
	out := make([][]float32, n)
	for i := range out {
		k := t.Numel() / n
		out[i] = t.Float32s()[i*k : (i+1)*k]
	}
	return out
}
