package compare

import (
	"math"

	"github.com/octet-ml/octet/tensor"
)

// ratios are those of signal to noise of an output.
type ratios struct{ sqnr, unseen Decibels }

// exactly bounds a ratio, so that outputs that are equal have one that is a number.
const exactly = 200

// noisy are the powers of a signal and of its noise, for each input.
type noisy struct{ signal, noise []float64 }

func (n *noisy) add(want, got *tensor.Tensor) {
	if want.DType() != tensor.Float32 || !want.Shape().Equal(got.Shape()) {
		return // whole numbers, or as many of them as the data tells
	}
	var signal, noise float64
	for i, v := range want.Float32s() {
		d := float64(v) - float64(got.Float32s()[i])
		signal, noise = signal+float64(v)*float64(v), noise+d*d
	}
	n.signal, n.noise = append(n.signal, signal), append(n.noise, noise)
}

// Of the noise of inputs that were not measured.
const (
	deviations = 2 // of the mean of the noise, that it may lie above what was measured
	beyond     = 1 // of the noise, divided by the number of inputs: ranges were found on these
)

// ratios are those of all inputs, and what others are likely to have.
func (n *noisy) ratios() ratios {
	var signal, noise, squares float64
	for i, v := range n.noise {
		signal, noise, squares = signal+n.signal[i], noise+v, squares+v*v
	}
	if signal == 0 {
		return ratios{exactly, exactly}
	}
	inputs := float64(len(n.noise))
	spread := noise // of the sum, where one input tells nothing about others
	if inputs > 1 {
		variance := max(0, squares/inputs-(noise/inputs)*(noise/inputs)) * inputs / (inputs - 1)
		spread = deviations * math.Sqrt(inputs*variance)
	}
	return ratios{decibels(signal, noise), decibels(signal, noise+spread+beyond*noise/inputs)}
}

func decibels(signal, noise float64) Decibels {
	return Decibels(min(10*math.Log10(signal/noise), exactly))
}
