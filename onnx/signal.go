package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/real64"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// signals are operators on sound: spectra, and the constants that go with them.
var signals = map[string]importer{
	"DFT":             readDFT,
	"STFT":            readSTFT,
	"HannWindow":      readWindow(0.5, 0.5, 0),
	"HammingWindow":   readWindow(25./46, 21./46, 0),
	"BlackmanWindow":  readWindow(0.42, 0.5, 0.08),
	"MelWeightMatrix": readMelWeightMatrix,
}

// maxWindow limits the numbers of a constant that a node describes.
const maxWindow = 1 << 24

// size is a whole number that input i holds, of at least 1.
func (f *formula) size(i int, what string) int {
	if f.Err != nil {
		return 0
	}
	t, err := f.known(i, what)
	if err != nil {
		f.Err = err
		return 0
	}
	if t.DType() != tensor.Int64 || t.Numel() != 1 {
		f.Refuse("its %s is %v; one whole number is expected", what, t)
		return 0
	}
	n := t.Int64s()[0]
	if n < 1 || n > maxWindow {
		f.Refuse("its %s is %d; 1 to %d are read", what, n, maxWindow)
	}
	return int(n)
}

// readWindow reads a window of a - b cos(t) + c cos(2t), of which a periodic one would begin
// again behind its end.
func readWindow(a, b, c float64) importer {
	return func(n *node) ([]*graph.Value, error) {
		f := n.formula(1)
		size := f.size(0, "size")
		period := size
		if !f.flag("periodic", true) {
			period = max(1, size-1)
		}
		if f.Err != nil {
			return nil, f.Err
		}
		w := make([]float32, size)
		for i := range w {
			_, once := real64.Turn(i, period)
			_, twice := real64.Turn(2*i, period)
			w[i] = float32(a - float64(b*once) + float64(c*twice))
		}
		return f.constantResult(tensor.Of(w, size))
	}
}

// constantResult is a result that is a constant, of the type that an attribute names.
func (f *formula) constantResult(t *tensor.Tensor) ([]*graph.Value, error) {
	kind := tensor.Float32
	to, err := elementType(int32(f.number("output_datatype", 1)))
	if err == nil {
		kind, err = HeldType(to)
	}
	if err != nil {
		return nil, err
	}
	return f.Result(op.Cast{To: kind}, f.constant(t))
}

// readDFT: the axis is an attribute before operator set 20, and an input from then on.
func readDFT(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	o := op.DFT{Axis: f.number("axis", 1), Inverse: f.flag("inverse", false), OneSided: f.flag("onesided", false)}
	if n.opset >= 20 {
		o.Axis = -2
		if n.has(2) && f.Err == nil {
			t, err := n.known(2, "axis")
			if err != nil {
				return nil, err
			}
			if t.DType() != tensor.Int64 || t.Numel() != 1 {
				return nil, fmt.Errorf("its axis is %v; one whole number is expected", t)
			}
			o.Axis = int(t.Int64s()[0])
		}
	}
	if n.has(1) {
		o.Length = f.size(1, "length")
	}
	return f.Result(o, n.in[0])
}

// readSTFT transforms frames of the signal, which are gathered by their places.
func readSTFT(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	x, step := n.in[0], f.size(1, "frame step")
	length := f.Extent(x, 1)
	switch {
	case n.has(3):
		length = f.List(f.size(3, "frame length"))
	case n.has(2):
		length = f.Extent(n.in[2], 0)
	}
	room := f.Do(op.Sub{}, f.Extent(x, 1), length)
	frames := f.Do(op.Add{}, f.Do(op.Div{}, room, f.List(step)), f.List(1))
	starts := f.Do(op.Mul{}, f.Along(-2, f.Count(frames)), f.List(step))
	cut := f.Do(op.Gather{Axis: 1}, x, f.Do(op.Add{}, starts, f.Count(length))) // [batch, frames, length, parts]
	if n.has(2) {
		cut = f.Do(op.Mul{}, cut, f.Along(-2, n.in[2]))
	}
	return f.Result(op.DFT{Axis: 2, OneSided: f.flag("onesided", true)}, cut)
}

func readMelWeightMatrix(n *node) ([]*graph.Value, error) {
	f := n.formula(5)
	bins, length, rate := f.size(0, "number of bins"), f.size(1, "DFT length"), f.size(2, "sample rate")
	var edges [2]float64
	for i, name := range []string{"lower edge", "upper edge"} {
		if f.Err != nil {
			return nil, f.Err
		}
		v, err := n.realOf(3+i, name, 0)
		if err != nil {
			return nil, err
		}
		if !(v >= 0 && v <= math.MaxFloat32) {
			return nil, fmt.Errorf("its %s is %v; a frequency is expected", name, v)
		}
		edges[i] = float64(v)
	}
	if f.Err == nil && (length/2+1)*bins > maxWindow {
		f.Refuse("%d bins of %d frequencies are too many", bins, length/2+1)
	}
	if f.Err != nil {
		return nil, f.Err
	}
	t, err := melWeights(bins, length, rate, edges)
	if err != nil {
		return nil, err
	}
	return f.constantResult(t)
}

// melWeights are triangles over the frequencies of a spectrum, evenly spaced on the mel scale,
// which begin and end at whole frequencies.
func melWeights(bins, length, rate int, edges [2]float64) (*tensor.Tensor, error) {
	mel := func(hertz float64) float64 { return 2595 / math.Ln10 * real64.Ln(1+hertz/700) }
	low := mel(edges[0])
	step := (mel(edges[1]) - low) / float64(bins+2)
	w := tensor.New(tensor.Float32, length/2+1, bins)
	at := make([]int, bins+2)
	for i := range at {
		hertz := 700 * (quant.Exp64(float64((low+float64(float64(i)*step))*(math.Ln10/2595))) - 1)
		at[i] = int(math.Floor(float64(length+1) * hertz / float64(rate)))
		if at[i] < 0 || at[i] > length/2 {
			return nil, fmt.Errorf("the edges %v Hz are outside of the spectrum of %d numbers at %d Hz", edges, length, rate)
		}
	}
	for i := range bins {
		left, center, right := at[i], at[i+1], at[i+2]
		set := func(j int, v float32) { w.Float32s()[j*bins+i] = v }
		if left == center {
			set(center, 1)
		}
		for j := left; j <= center && left < center; j++ {
			set(j, float32(j-left)/float32(center-left))
		}
		for j := center; j < right; j++ {
			set(j, float32(right-j)/float32(right-center))
		}
	}
	return w, nil
}
