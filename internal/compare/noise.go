package compare

import (
	"fmt"
	"math"
	"strconv"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Decibels is a ratio of signal to noise. It is +Inf where there is no noise and
// NaN where there is no signal to compare with; JSON has null for both.
type Decibels float64

// Known reports whether d is a number: there are a signal and noise.
func (d Decibels) Known() bool { return !math.IsInf(float64(d), 0) && !math.IsNaN(float64(d)) }

// String is the ratio with one decimal, or "exact", or "no signal".
func (d Decibels) String() string {
	switch {
	case math.IsInf(float64(d), 1):
		return "exact"
	case !d.Known():
		return "no signal"
	}
	return fmt.Sprintf("%.1f dB", float64(d))
}

// MarshalJSON writes three decimals.
func (d Decibels) MarshalJSON() ([]byte, error) {
	if !d.Known() {
		return []byte("null"), nil
	}
	return []byte(strconv.FormatFloat(math.Round(float64(d)*1e3)/1e3, 'f', -1, 64)), nil
}

// UnmarshalJSON takes null for "no noise".
func (d *Decibels) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*d = Decibels(math.Inf(1))
		return nil
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("a ratio in decibels is a number or null, not %s", text)
	}
	*d = Decibels(v)
	return nil
}

// Noise sums up the power of a signal and of the difference from it. The zero
// value has seen nothing.
type Noise struct{ Signal, Noise float64 }

// Decibels is the ratio of what was seen so far.
func (n Noise) Decibels() Decibels {
	switch {
	case n.Noise == 0:
		return Decibels(math.Inf(1))
	case n.Signal == 0:
		return Decibels(math.NaN())
	}
	return Decibels(10 * math.Log10(n.Signal/n.Noise))
}

// Add takes in values and what approximates them, which is as long.
func (n *Noise) Add(want, got []float32) {
	got = got[:len(want)]
	// Four sums each, since an addition has to wait for the one before it.
	var signal, noise [4]float64
	add := func(lane int, x, y float32) {
		d := float64(x) - float64(y)
		signal[lane] += float64(float64(x) * float64(x))
		noise[lane] += float64(d * d)
	}
	i := 0
	for ; i+4 <= len(want); i += 4 {
		x, y := want[i:i+4:i+4], got[i:i+4:i+4]
		add(0, x[0], y[0])
		add(1, x[1], y[1])
		add(2, x[2], y[2])
		add(3, x[3], y[3])
	}
	for ; i < len(want); i++ {
		add(0, want[i], got[i])
	}
	n.Signal += (signal[0] + signal[1]) + (signal[2] + signal[3])
	n.Noise += (noise[0] + noise[1]) + (noise[2] + noise[3])
}

// addTensor is Add for what a graph computes: float32, or codes.
func (n *Noise) addTensor(want []float32, got *tensor.Tensor) error {
	if got.DType() == tensor.QUInt8 && got.QParams().IsPerTensor() {
		n.addCodes(want, got)
		return nil
	}
	real, err := reals(got)
	if err == nil {
		n.Add(want, real)
	}
	return err
}

// addCodes is Add for the real numbers that codes stand for.
func (n *Noise) addCodes(want []float32, got *tensor.Tensor) {
	d := quant.NewDequantizer(got.QParams())
	var table [256]float32
	for code := range table {
		table[code] = d.Real(int32(code))
	}
	var real [1024]float32
	for codes := got.Uint8s(); len(codes) > 0; {
		k := min(len(codes), len(real))
		for i, code := range codes[:k] {
			real[i] = table[code]
		}
		n.Add(want[:k], real[:k])
		codes, want = codes[k:], want[k:]
	}
}

// reals are the real numbers that a tensor stands for.
func reals(t *tensor.Tensor) ([]float32, error) {
	if !t.DType().IsQuantized() {
		return t.Float32s(), nil
	}
	real, err := quant.Dequantize(t)
	if err != nil {
		return nil, err
	}
	return real.Float32s(), nil
}
