package compare

import (
	"math"

	"github.com/octet-ml/octet/tensor"
)

// ratios are those of signal to noise: of an output and of what is in front of a final softmax or
// sigmoid, on the inputs at hand and on others.
type ratios struct{ sqnr, unseen, front, frontUnseen Decibels }

// exactly bounds a ratio, so that outputs that are equal have one that is a number.
const exactly = 200

// none are the ratios where there is no noise.
var none = ratios{exactly, exactly, exactly, exactly}

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
	deviations = 2 // of a normal distribution, that other inputs may lie above what was measured
	// beyond is a share of the noise, for one input: ranges were found on these inputs, and layers
	// chosen. Between six inputs and eight others the noise of PP-OCR's networks grows by 2.7, and
	// this and the deviations are about as much.
	beyond = 6
)

// student is how many standard deviations, estimated from n measurements, hold what deviations
// of a known standard deviation hold: the quantile of Student's t with n-1 degrees of freedom, by
// the first terms of its expansion about the normal distribution's (Fisher and Cornish 1960).
func student(n float64) float64 {
	const z = float64(deviations)
	const square = z * z
	free := n - 1
	return z + z*(square+1)/(4*free) + z*(5*square*square+16*square+3)/(96*free*free)
}

// ratios are those of all inputs, and what as many others are likely to have: the means of both
// vary, so that their difference has twice the variance of one.
func (n *noisy) ratios() ratios {
	var signal, noise, squares float64
	for i, v := range n.noise {
		signal, noise, squares = signal+n.signal[i], noise+v, squares+v*v
	}
	if signal == 0 {
		return none
	}
	inputs := float64(len(n.noise))
	spread := noise // of the sum, where one input tells nothing about others
	if inputs > 1 {
		variance := max(0, squares/inputs-(noise/inputs)*(noise/inputs)) * inputs / (inputs - 1)
		spread = student(inputs) * math.Sqrt(2*inputs*variance)
	}
	r := none
	r.sqnr, r.unseen = decibels(signal, noise), decibels(signal, noise+spread+beyond*noise/inputs)
	return r
}

func decibels(signal, noise float64) Decibels {
	return Decibels(min(10*math.Log10(signal/noise), exactly))
}
