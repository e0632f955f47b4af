package ptq

import (
	"fmt"
	"math"
)

// ClampEffect measures how far the float model with ReLU, which is quantized, is from the one
// with ReLU6, which was trained.
type ClampEffect struct {
	Inputs int `json:"inputs"` // how many inputs were run
	// SQNR is the ratio of signal to difference, of the finite logits, in decibels;
	// absent where nothing differs.
	SQNR *float64 `json:"sqnr_db,omitempty"`
	// RelativeError is the length of the difference over that of the trained
	// model's logits.
	RelativeError float64 `json:"relative_error"`
	// Agreement is the share of inputs, in percent, for which both predict the same class.
	Agreement float64 `json:"top1_agreement_percent"`
	// Largest and LargestReLU are the largest magnitudes of a finite logit, with ReLU6 and
	// with ReLU.
	Largest     float64 `json:"largest_logit_relu6"`
	LargestReLU float64 `json:"largest_logit_relu"`
	// NonFinite counts the logits that are NaN or infinite with ReLU alone.
	NonFinite int `json:"non_finite_logits,omitempty"`

	signal, noise float64
	same          int
}

// Add counts an input: its logits, and whether both models predict the same class.
func (e *ClampEffect) Add(relu6, relu []float32, same bool) {
	for i, v := range relu {
		x, y := float64(relu6[i]), float64(v)
		if math.IsNaN(y-x) || math.IsInf(y-x, 0) {
			e.NonFinite++
			continue
		}
		e.signal += float64(x * x)
		e.noise += float64((y - x) * (y - x))
		e.Largest, e.LargestReLU = max(e.Largest, math.Abs(x)), max(e.LargestReLU, math.Abs(y))
	}
	if same {
		e.same++
	}
	e.Inputs++
	e.Agreement = 100 * float64(e.same) / float64(e.Inputs)
	if e.noise > 0 && e.signal > 0 {
		db := 10 * math.Log10(e.signal/e.noise)
		e.SQNR, e.RelativeError = &db, math.Sqrt(e.noise/e.signal)
	}
}

// Bounds of Harmful.
const (
	harmfulSQNR      = 20 // decibels: the difference is a tenth of the logits
	harmfulAgreement = 95 // percent
)

// Harmful reports whether the two differ so much that the quantized model is not the trained
// one.
func (e *ClampEffect) Harmful() bool {
	return e.NonFinite > 0 || e.SQNR != nil && *e.SQNR < harmfulSQNR || e.Inputs > 0 && e.Agreement < harmfulAgreement
}

// String gives the figures.
func (e *ClampEffect) String() string {
	text := fmt.Sprintf("ReLU in place of ReLU6, as torchvision's quantized model has it, changes nothing on %d inputs", e.Inputs)
	if e.SQNR != nil || e.NonFinite > 0 {
		text = fmt.Sprintf("ReLU in place of ReLU6, as torchvision's quantized model has it, changes the float model: on %d inputs top-1 agrees on %.1f %%", e.Inputs, e.Agreement)
	}
	if e.SQNR != nil {
		text += fmt.Sprintf(", relative error of the logits %.3g (SQNR %.1f dB), largest logit %.3g for %.3g", e.RelativeError, *e.SQNR, e.LargestReLU, e.Largest)
	}
	if e.NonFinite > 0 {
		text += fmt.Sprintf("; %d logits are NaN or infinite", e.NonFinite)
	}
	return text
}
