package compare

import (
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/kernel/statistics"
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
type Noise struct{ Signal, Noise float64 } // both are sums of squares

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

// kernels are those of this machine.
var kernels = sync.OnceValue(func() (k struct {
	noise            *statistics.Kernel
	toCodes, toReals *quantize.Kernel
}) {
	k.noise = statistics.Select(statistics.Table, statistics.Noise, cpu.Host())
	k.toCodes = quantize.Select(quantize.Table, false, cpu.Host())
	k.toReals = quantize.Select(quantize.Table, true, cpu.Host())
	return k
})

// Add takes in values and what approximates them, which is as long.
func (n *Noise) Add(want, got []float32) {
	c := statistics.Call{X: want, Y: got}
	kernels().noise.Run(&c)
	n.Signal += c.Signal
	n.Noise += c.Noise
}

// addTensor is Add for what a graph computes: float32, or codes.
func (n *Noise) addTensor(want []float32, got *tensor.Tensor) error {
	if got.DType() == tensor.QUInt8 && got.QParams().IsPerTensor() {
		n.addCodes(want, got.Uint8s(), graph.Type{DType: got.DType(), Q: got.QParams()})
		return nil
	}
	real, err := reals(got)
	if err == nil {
		n.Add(want, real)
	}
	return err
}

// piece is how many numbers are converted at a time, in the nearest cache.
const piece = 1024

// addCodes is Add for the real numbers that codes of type t, per tensor, stand for.
func (n *Noise) addCodes(want []float32, codes []uint8, t graph.Type) {
	d := quant.NewDequantizer(quant.Unsigned(t.Q, t.DType)) // as the kernels hold codes
	var real [piece]float32
	c := quantize.Call{ToReal: d, Reals: d.Table(false)}
	for len(codes) > 0 {
		k := min(len(codes), piece)
		c.Real, c.Codes = real[:k], codes[:k]
		kernels().toReals.Run(&c)
		n.Add(want[:k], real[:k])
		codes, want = codes[k:], want[k:]
	}
}

// addRounded is Add for the codes, of type t, of got.
func (n *Noise) addRounded(want, got []float32, t graph.Type) {
	var codes [piece]uint8
	c := quantize.Call{Rule: quant.NewQuantizer(t.Q, t.DType)}
	for len(got) > 0 {
		k := min(len(got), piece)
		c.Real, c.Codes = got[:k], codes[:k]
		kernels().toCodes.Run(&c)
		n.addCodes(want[:k], codes[:k], t)
		got, want = got[k:], want[k:]
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
