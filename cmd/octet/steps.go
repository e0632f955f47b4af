package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// steps is a tensor on its way through quantization and back.
type steps struct {
	recipe    recipe
	real      *tensor.Tensor
	mins      []float32
	maxs      []float32
	quantized *tensor.Tensor
	restored  *tensor.Tensor
	err       errorFigures
}

// apply quantizes x and dequantizes it again.
func (r recipe) apply(x *tensor.Tensor) (*steps, error) {
	s := &steps{recipe: r, real: x}
	q, err := s.qparams()
	if err != nil {
		return nil, err
	}
	if q.IsPerTensor() {
		s.quantized, err = quant.QuantizePerTensor(x, q.Scale(), q.ZeroPoint(), r.dtype)
	} else {
		s.quantized, err = quant.QuantizePerChannel(x, q.Scales, q.ZeroPoints, q.Axis, r.dtype)
	}
	if err != nil {
		return nil, err
	}
	if s.restored, err = quant.Dequantize(s.quantized); err != nil {
		return nil, err
	}
	s.err = measureError(x.Float32s(), s.restored.Float32s())
	return s, nil
}

// qparams derives scales and zero points from minima and maxima.
func (s *steps) qparams() (*tensor.QParams, error) {
	r, x := s.recipe, s.real
	if x.Numel() == 0 {
		return nil, fmt.Errorf("a tensor of shape %v has no minimum and maximum", x.Shape())
	}
	if !r.scheme.IsPerChannel() {
		lo, hi := quant.MinMaxOf(x.Float32s())
		s.mins, s.maxs = []float32{lo}, []float32{hi}
	} else {
		axis := r.axis
		if axis < 0 {
			axis += len(x.Shape())
		}
		if axis < 0 || axis >= len(x.Shape()) {
			return nil, exit.Usagef("--axis %d is outside shape %v", r.axis, x.Shape())
		}
		s.recipe.axis = axis
		s.mins, s.maxs = channelRanges(x, axis)
	}
	for c := range s.mins {
		if d := float64(s.maxs[c]) - float64(s.mins[c]); math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("channel %d ranges from %g to %g: a tensor with NaN or infinite values has no scale", c, s.mins[c], s.maxs[c])
		}
	}
	if r.given != nil {
		return r.given, nil
	}
	if r.scheme.IsPerChannel() {
		return quant.CalculateQParamsPerChannel(s.mins, s.maxs, s.recipe.axis, r.scheme, r.dtype, r.codes, quant.DefaultEps)
	}
	scale, zero, err := quant.CalculateQParams(s.mins[0], s.maxs[0], r.scheme, r.dtype, r.codes, quant.DefaultEps)
	return tensor.Affine(scale, zero), err
}

func channelRanges(x *tensor.Tensor, axis int) (mins, maxs []float32) {
	shape, data := x.Shape(), x.Float32s()
	mins, maxs = make([]float32, shape[axis]), make([]float32, shape[axis])
	inner := shape[axis+1:].Numel()
	for c := range mins {
		var own []float32
		for at := c * inner; at < len(data); at += shape[axis] * inner {
			own = append(own, data[at:at+inner]...)
		}
		mins[c], maxs[c] = quant.MinMaxOf(own)
	}
	return mins, maxs
}

// errorFigures measure the difference between numbers and their exact values.
type errorFigures struct {
	Max  float64  `json:"max_abs"`
	Mean float64  `json:"mean_abs"`
	SQNR *float64 `json:"sqnr_db"` // nil where the numbers are equal
}

// measureError compares got with want. SQNR is 10 log10(sum want^2 / sum (want-got)^2).
func measureError(want, got []float32) errorFigures {
	var e errorFigures
	var signal, noise float64
	for i, w := range want {
		d := math.Abs(float64(w) - float64(got[i]))
		e.Max = max(e.Max, d)
		e.Mean += d / float64(len(want))
		signal += float64(float64(w) * float64(w))
		noise += float64(d * d)
	}
	if noise > 0 && signal > 0 {
		db := 10 * math.Log10(signal/noise)
		e.SQNR = &db
	}
	return e
}

func (e errorFigures) String() string {
	sqnr := "no error"
	if e.SQNR != nil {
		sqnr = fmt.Sprintf("SQNR %.2f dB", *e.SQNR)
	} else if e.Max > 0 {
		sqnr = "no signal"
	}
	return fmt.Sprintf("max %.4g, mean %.4g, %s", e.Max, e.Mean, sqnr)
}

// stepsDocument is the JSON form of steps.
type stepsDocument struct {
	Shape       []int        `json:"shape"`
	DType       string       `json:"dtype"`
	QScheme     string       `json:"qscheme"`
	Axis        *int         `json:"axis,omitempty"`
	QuantMin    int64        `json:"quant_min"`
	QuantMax    int64        `json:"quant_max"`
	Min         []float32    `json:"min"`
	Max         []float32    `json:"max"`
	Scales      []float64    `json:"scales"`
	ZeroPoints  []int64      `json:"zero_points"`
	Values      []float32    `json:"values,omitempty"`
	Codes       []int32      `json:"codes,omitempty"`
	Dequantized []float32    `json:"dequantized,omitempty"`
	Error       errorFigures `json:"error"`

	steps *steps
}

func (s *steps) document() stepsDocument {
	q := s.quantized.QParams()
	d := stepsDocument{
		Shape: s.real.Shape(), DType: s.recipe.dtype.String(), QScheme: s.recipe.scheme.String(),
		QuantMin: s.recipe.codes.Min, QuantMax: s.recipe.codes.Max,
		Min: s.mins, Max: s.maxs, Scales: q.Scales, ZeroPoints: q.ZeroPoints,
		Values: s.real.Float32s(), Codes: codesOf(s.quantized), Dequantized: s.restored.Float32s(), Error: s.err, steps: s,
	}
	if !q.IsPerTensor() {
		d.Axis = &q.Axis
	}
	return d
}

// Lift separates the elements from the document, for a listener: codes in the integer type of
// their width.
func (d stepsDocument) Lift() (any, []console.NamedTensor) {
	d.Values, d.Codes, d.Dequantized = nil, nil, nil
	return d, []console.NamedTensor{{Name: "values", Tensor: d.steps.real}, {Name: "codes", Tensor: d.steps.quantized}, {Name: "dequantized", Tensor: d.steps.restored}}
}

// MarshalJSON is here to keep nil shapes from becoming null.
func (d stepsDocument) MarshalJSON() ([]byte, error) {
	type plain stepsDocument
	if d.Shape == nil {
		d.Shape = []int{}
	}
	return json.Marshal(plain(d))
}

func codesOf(t *tensor.Tensor) []int32 {
	out := make([]int32, t.Numel())
	switch t.DType() {
	case tensor.QUInt8:
		for i, c := range t.Uint8s() {
			out[i] = int32(c)
		}
	case tensor.QInt8:
		for i, c := range t.Int8s() {
			out[i] = int32(c)
		}
	default:
		copy(out, t.Int32s())
	}
	return out
}

func (s *steps) printer(rows int) func(io.Writer) {
	return func(w io.Writer) {
		r := s.recipe
		fmt.Fprintf(w, "tensor     float32%v\n", s.real.Shape())
		fmt.Fprintf(w, "into       %v, %v, codes %d..%d\n", r.dtype, r.scheme, r.codes.Min, r.codes.Max)
		s.printParameters(w, rows)
		fmt.Fprintln(w)
		printElements(w, rows, s.real.Shape(), codesOf(s.quantized), s.real.Float32s(), s.restored.Float32s())
		fmt.Fprintf(w, "\nerror      %v\n", s.err)
	}
}

func (s *steps) printParameters(w io.Writer, rows int) {
	q := s.quantized.QParams()
	if q.IsPerTensor() {
		fmt.Fprintf(w, "range      %g .. %g\n", s.mins[0], s.maxs[0])
		fmt.Fprintf(w, "scale      %.9g\nzero point %d\n", q.Scale(), q.ZeroPoint())
		return
	}
	fmt.Fprintf(w, "channels   %d along axis %d\n\n", len(q.Scales), q.Axis)
	t := console.NewTable(w, "channel", "min", "max", "scale", "zero point")
	for c := range limit(rows, len(q.Scales)) {
		t.AppendRow([]any{c, s.mins[c], s.maxs[c], fmt.Sprintf("%.9g", q.Scales[c]), q.ZeroPoints[c]})
	}
	t.Render()
	printOmitted(w, rows, len(q.Scales), "channels")
}

// printElements prints number, code, the number the code stands for, error.
func printElements(w io.Writer, rows int, shape tensor.Shape, codes []int32, want, got []float32) {
	t := console.NewTable(w, "index", "real", "code", "dequantized", "error")
	for i := range limit(rows, len(want)) {
		t.AppendRow([]any{indexText(shape, i), want[i], codes[i], got[i], fmt.Sprintf("%.3g", float64(got[i])-float64(want[i]))})
	}
	t.Render()
	printOmitted(w, rows, len(want), "elements")
}

func printOmitted(w io.Writer, rows, n int, what string) {
	if shown := limit(rows, n); shown < n {
		fmt.Fprintf(w, "... %d more %s (--rows 0 prints all)\n", n-shown, what)
	}
}

func limit(rows, n int) int {
	if rows <= 0 {
		return n
	}
	return min(rows, n)
}

// indexText is the position of flat index i: 1,0,2.
func indexText(shape tensor.Shape, i int) string {
	text := ""
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if text != "" {
			text = "," + text
		}
		text = fmt.Sprint(i%shape[axis]) + text
		i /= shape[axis]
	}
	return text
}
