package quant

import (
	"testing"

	"github.com/octet-ml/octet/tensor"
)

type quantizeCase struct {
	Kind, DType string
	Shape       []int
	Axis        int
	Reduce      bool
	Scales      string
	Zeros       string
	FloatZeros  string `json:"float_zeros"`
	X, Codes    string
	Real        string
}

func TestQuantizeGolden(t *testing.T) {
	sum := tally{t: t, subject: "quantize"}
	back := tally{t: t, subject: "dequantize"}
	defer sum.done()
	defer back.done()
	for i, c := range golden[quantizeCase](t, "quantize.json") {
		x := tensor.Of(array[float32](t, c.X), c.Shape...)
		dtype := parseDType(t, c.DType)
		scales, zeros := array[float64](t, c.Scales), array[int64](t, c.Zeros)
		var q *tensor.Tensor
		var err error
		switch c.Kind {
		case "tensor":
			q, err = QuantizePerTensor(x, scales[0], zeros[0], dtype)
		case "channel":
			q, err = QuantizePerChannel(x, scales, zeros, c.Axis, dtype)
		case "float":
			q, err = QuantizePerChannelFloat(x, scales, array[float32](t, c.FloatZeros), c.Axis, dtype)
		case "dynamic":
			q, err = QuantizePerTensorDynamic(x, dtype, c.Reduce)
		}
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		sum.check(q.QParams().Scales[0] == scales[0], "case %d: scale %v, want %v", i, q.QParams().Scales[0], scales[0])
		if c.Kind == "dynamic" {
			sum.check(q.QParams().ZeroPoint() == zeros[0], "case %d: zero point %d, want %d", i, q.QParams().ZeroPoint(), zeros[0])
		}
		codes := int32s(t, q)
		for j, want := range array[int32](t, c.Codes) {
			sum.check(codes[j] == want, "case %d (%s %s): x %g: code %d, want %d", i, c.Kind, c.DType, x.Float32s()[j], codes[j], want)
		}
		real, err := Dequantize(q)
		if err != nil {
			t.Fatal(err)
		}
		for j, want := range array[float32](t, c.Real) {
			back.check(same(real.Float32s()[j], want), "case %d (%s %s): code %d: %g, want %g", i, c.Kind, c.DType, codes[j], real.Float32s()[j], want)
		}
	}
}

// int32s returns the codes of q, through IntRepr.
func int32s(t *testing.T, q *tensor.Tensor) []int32 {
	t.Helper()
	r, err := IntRepr(q)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int32, r.Numel())
	for i := range out {
		switch r.DType() {
		case tensor.UInt8:
			out[i] = int32(r.Uint8s()[i])
		case tensor.Int8:
			out[i] = int32(r.Int8s()[i])
		default:
			out[i] = r.Int32s()[i]
		}
	}
	return out
}

func TestManualMistakes(t *testing.T) {
	x := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	q, err := QuantizePerTensor(x, 0.1, 0, tensor.QInt8)
	if err != nil {
		t.Fatal(err)
	}
	nan := tensor.Of([]float32{1, float32NaN()}, 2)
	mistakes := map[string]func() error{
		"zero scale":        func() error { _, err := QuantizePerTensor(x, 0, 0, tensor.QUInt8); return err },
		"negative scale":    func() error { _, err := QuantizePerTensor(x, -1, 0, tensor.QUInt8); return err },
		"underflow":         func() error { _, err := QuantizePerTensor(x, 1e-60, 0, tensor.QUInt8); return err },
		"zero point":        func() error { _, err := QuantizePerTensor(x, 1, -1, tensor.QUInt8); return err },
		"plain type":        func() error { _, err := QuantizePerTensor(x, 1, 0, tensor.UInt8); return err },
		"already quantized": func() error { _, err := QuantizePerTensor(q, 1, 0, tensor.QUInt8); return err },
		"integers": func() error {
			_, err := QuantizePerTensor(tensor.Of([]int32{1}, 1), 1, 0, tensor.QUInt8)
			return err
		},
		"channels": func() error {
			_, err := QuantizePerChannel(x, []float64{1}, []int64{0}, 0, tensor.QInt8)
			return err
		},
		"points": func() error {
			_, err := QuantizePerChannel(x, []float64{1, 1}, []int64{0}, 0, tensor.QInt8)
			return err
		},
		"axis": func() error {
			_, err := QuantizePerChannel(x, []float64{1, 1}, []int64{0, 0}, 2, tensor.QInt8)
			return err
		},
		"negative axis": func() error {
			_, err := QuantizePerChannel(x, []float64{1}, []int64{0}, -3, tensor.QInt8)
			return err
		},
		"no float points": func() error {
			_, err := QuantizePerChannelFloat(x, []float64{1, 1}, nil, 0, tensor.QUInt8)
			return err
		},
		"dynamic type": func() error { _, err := QuantizePerTensorDynamic(x, tensor.QInt32, false); return err },
		"dynamic NaN":  func() error { _, err := QuantizePerTensorDynamic(nan, tensor.QUInt8, false); return err },
		"dynamic empty": func() error {
			_, err := QuantizePerTensorDynamic(tensor.New(tensor.Float32, 0), tensor.QUInt8, false)
			return err
		},
		"dequantize float": func() error { _, err := Dequantize(x); return err },
		"codes of float":   func() error { _, err := IntRepr(x); return err },
		"fake range":       func() error { _, _, err := FakeQuantizePerTensor(x, 1, 0, 5, 4); return err },
		"fake zero point":  func() error { _, _, err := FakeQuantizePerTensor(x, 1, 9, 0, 4); return err },
		"fake channels": func() error {
			_, _, err := FakeQuantizePerChannel(x, tensor.PerAxis([]float64{1}, []int64{0}, 0), 0, 255)
			return err
		},
	}
	for name, f := range mistakes {
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func TestNegativeAxisCountsFromTheEnd(t *testing.T) {
	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	q, err := QuantizePerChannel(x, []float64{1, 2, 3}, []int64{0, 1, 2}, -1, tensor.QUInt8)
	if err != nil {
		t.Fatal(err)
	}
	if q.QParams().Axis != 1 {
		t.Errorf("axis %d, want 1", q.QParams().Axis)
	}
}

type fakeCase struct {
	Kind       string
	Codes      [2]int
	Shape      []int
	Axis       int
	Scales     string
	Zeros      string
	FloatZeros string `json:"float_zeros"`
	X, Y, Mask string
}

func TestFakeQuantizeGolden(t *testing.T) {
	sum := tally{t: t, subject: "fake quantize"}
	masks := tally{t: t, subject: "gradient mask"}
	defer sum.done()
	defer masks.done()
	for i, c := range golden[fakeCase](t, "fakequant.json") {
		x := tensor.Of(array[float32](t, c.X), c.Shape...)
		q := &tensor.QParams{Scales: array[float64](t, c.Scales), Axis: c.Axis}
		if c.FloatZeros != "" {
			q.FloatZeroPoints = array[float32](t, c.FloatZeros)
		} else {
			q.ZeroPoints = array[int64](t, c.Zeros)
		}
		var y, m *tensor.Tensor
		var err error
		if c.Kind == "tensor" {
			y, m, err = FakeQuantizePerTensor(x, q.Scale(), q.ZeroPoint(), c.Codes[0], c.Codes[1])
		} else {
			y, m, err = FakeQuantizePerChannel(x, q, c.Codes[0], c.Codes[1])
		}
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		for j, want := range array[float32](t, c.Y) {
			sum.check(y.Float32s()[j] == want || same(y.Float32s()[j], want), "case %d %s %s: x %g: %g, want %g", i, c.Kind, q, x.Float32s()[j], y.Float32s()[j], want)
		}
		for j, want := range array[uint8](t, c.Mask) {
			masks.check(m.Uint8s()[j] == want, "case %d %s %s: x %g: %d, want %d", i, c.Kind, q, x.Float32s()[j], m.Uint8s()[j], want)
		}
	}
}
