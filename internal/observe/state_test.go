package observe

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// specOf returns a valid specification of a kind.
func specOf(kind quant.ObserverKind) quant.ObserverSpec {
	s := quant.ObserverSpec{Kind: kind, DType: tensor.QInt8, Scale: 0.5, Bins: 16}
	if kind == quant.PerChannelMinMax || kind == quant.MovingAveragePerChannelMinMax {
		s.QScheme = quant.PerChannelSymmetric
	}
	return s
}

// FuzzSetState feeds any text as a state: it must be refused, or work and come
// back the same.
func FuzzSetState(f *testing.F) {
	for i, k := range Kinds() {
		o, err := New(specOf(k.Name))
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range [][]float32{nil, {1, -2, 0.5, 3e-40}, {7}} {
			if err := o.Observe(x, tensor.Shape{len(x)}); err != nil && len(x) == 4 {
				f.Fatal(err)
			}
			text, err := o.State()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(i, text)
		}
	}
	f.Add(0, []byte(`{"min":"NaN","max":"NaN"}`))
	f.Add(0, []byte(`{"min":"-Infinity","max":-0.0}`))
	f.Add(8, []byte(`{"min":1,"max":2,"exponent":-3,"first":8,"counts":[1,1,1,1,1,1,1,1,18446744073709551615]}`))
	f.Fuzz(func(t *testing.T, kind int, text []byte) {
		if kind < 0 || kind >= len(kinds) {
			return
		}
		o, err := New(specOf(kinds[kind].Name))
		if err != nil {
			t.Fatal(err)
		}
		if o.SetState(text) != nil {
			return
		}
		before, err := o.State()
		if err != nil {
			t.Fatal(err)
		}
		after, err := reload(t, o).State()
		if err != nil || !bytes.Equal(before, after) {
			t.Fatalf("%s came back as %s, %v", before, after, err)
		}
		o.Range()
		_, _ = o.QParams()
		_ = o.Observe([]float32{1, -3, 1e20}, tensor.Shape{3})
		_, _ = o.QParams()
	})
}

func TestStateKeepsEveryBit(t *testing.T) {
	for _, x := range [][]float32{
		{0}, {float32(math.Copysign(0, -1))}, {math.SmallestNonzeroFloat32, -math.MaxFloat32}, {0.1, 1.0 / 3},
		{float32(math.NaN())}, {float32(math.Inf(1))}, {float32(math.Inf(-1)), 1},
	} {
		for _, k := range Kinds() {
			o := open(t, specOf(k.Name))
			if o.Observe(x, tensor.Shape{len(x)}) != nil {
				continue // NaN in a histogram
			}
			a, err := o.State()
			if err != nil {
				t.Fatal(err)
			}
			b, err := reload(t, o).State()
			if err != nil || !bytes.Equal(a, b) {
				t.Errorf("%s %v: %s came back as %s, %v", k.Name, x, a, b, err)
			}
		}
	}
}

func TestNothingSeen(t *testing.T) {
	for _, k := range Kinds() {
		o := open(t, specOf(k.Name))
		if err := o.Observe(nil, tensor.Shape{0, 3}); err != nil {
			t.Errorf("%s: empty batch: %v", k.Name, err)
		}
		if _, _, ok := o.Range(); ok {
			t.Errorf("%s: has a range", k.Name)
		}
		q, err := o.QParams()
		switch k.Name {
		case quant.Placeholder, quant.NoObserver:
			if err == nil {
				t.Errorf("%s: gave parameters %v", k.Name, q)
			}
		case quant.FixedQParams:
			if err != nil || q.Scale() != 0.5 {
				t.Errorf("%s: %v %v", k.Name, q, err)
			}
		default:
			if err != nil || q.Scale() != 1 || q.ZeroPoint() != 0 {
				t.Errorf("%s: %v %v", k.Name, q, err)
			}
		}
	}
}

func TestSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		kind     quant.ObserverKind
		x        []float32
		observes bool // Observe succeeds
		gives    bool // QParams succeeds
	}{
		{quant.MinMax, []float32{1, nan}, true, false},
		{quant.MinMax, []float32{1, inf}, true, false},
		{quant.MinMax, []float32{-math.MaxFloat32, math.MaxFloat32}, true, false},
		{quant.MovingAverageMinMax, []float32{nan, 2}, true, false},
		{quant.PerChannelMinMax, []float32{1, nan}, true, false},
		{quant.PerChannelMinMax, []float32{1, inf}, true, false},
		{quant.Histogram, []float32{1, nan}, false, true},
		{quant.Histogram, []float32{inf, nan}, false, true},
		{quant.Histogram, []float32{1, inf, -inf, 2}, true, true},
		{quant.Histogram, []float32{inf}, true, true},
		{quant.Histogram, []float32{1e38, 1}, false, true},
		{quant.Histogram, []float32{1e9, 1e9}, true, true},
		{quant.Percentile, []float32{1, nan}, false, true},
		{quant.Percentile, []float32{1, inf, 2}, true, true},
		{quant.MSE, []float32{1, nan}, false, true},
		{quant.MSE, []float32{-inf, 1, 2}, true, true},
		{quant.MSE, []float32{0, 0}, true, true},
		{quant.MSE, []float32{3, 3}, true, true},
		{quant.MSE, []float32{1e-44, -2e-44}, true, true},
		{quant.MergeableHistogram, []float32{math.MaxFloat32, 1e-45}, true, true},
	} {
		o := open(t, specOf(c.kind))
		before, _ := o.State()
		err := o.Observe(c.x, tensor.Shape{len(c.x)})
		if (err == nil) != c.observes {
			t.Errorf("%s %v: observing gave %v", c.kind, c.x, err)
		}
		if err != nil {
			var value *ValueError
			if !errors.As(err, &value) {
				t.Errorf("%s %v: %T is no *ValueError", c.kind, c.x, err)
			}
			if after, _ := o.State(); !bytes.Equal(before, after) {
				t.Errorf("%s %v: a refused batch changed the state", c.kind, c.x)
			}
			t.Log(err)
		}
		if _, err = o.QParams(); (err == nil) != c.gives {
			t.Errorf("%s %v: parameters gave %v", c.kind, c.x, err)
		}
		if err != nil {
			var r *RangeError
			if !errors.As(err, &r) {
				t.Errorf("%s %v: %T is no *RangeError", c.kind, c.x, err)
			}
			t.Log(err)
		}
	}
}

func TestNewMistakes(t *testing.T) {
	for name, change := range map[string]func(*quant.ObserverSpec){
		"kind":      func(s *quant.ObserverSpec) { s.Kind = "nonsense" },
		"dtype":     func(s *quant.ObserverSpec) { s.DType = tensor.Float32 },
		"qscheme":   func(s *quant.ObserverSpec) { s.QScheme = quant.PerChannelAffine },
		"eps":       func(s *quant.ObserverSpec) { s.Eps = -1 },
		"averaging": func(s *quant.ObserverSpec) { s.AveragingConstant = 2 },
		"bins":      func(s *quant.ObserverSpec) { s.Bins = 1 },
		"percent":   func(s *quant.ObserverSpec) { s.Percent = 101 },
		"range":     func(s *quant.ObserverSpec) { s.QuantMin = new(int) },
		"symmetric": func(s *quant.ObserverSpec) {
			s.DType, s.QScheme, s.ReduceRange = tensor.QUInt8, quant.PerTensorSymmetric, true
		},
		"per tensor": func(s *quant.ObserverSpec) { s.Kind = quant.PerChannelMinMax },
		"qint32":     func(s *quant.ObserverSpec) { s.Kind, s.DType = quant.Histogram, tensor.QInt32 },
		"no scale":   func(s *quant.ObserverSpec) { s.Kind, s.Scale = quant.FixedQParams, 0 },
	} {
		s := specOf(quant.MinMax)
		change(&s)
		if _, err := New(s); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func TestBatchMistakes(t *testing.T) {
	o := open(t, specOf(quant.PerChannelMinMax))
	for _, shape := range []tensor.Shape{{3}, {}, {2, -2}} {
		if err := o.Observe([]float32{1, 2, 3, 4}, shape); err == nil {
			t.Errorf("no error for 4 values of shape %v", shape)
		}
	}
	observe(t, o, []float32{1, 2, 3, 4}, 2, 2)
	if err := o.Observe([]float32{1, 2, 3, 4}, tensor.Shape{4, 1}); err == nil {
		t.Error("no error for another number of channels")
	}
	spec := specOf(quant.PerChannelMinMax)
	spec.Axis = 3
	if err := open(t, spec).Observe([]float32{1}, tensor.Shape{1}); err == nil {
		t.Error("no error for an axis that the batch does not have")
	}
}

// Every QConfig's observers can be made.
func TestPresetsOpen(t *testing.T) {
	for _, p := range quant.QConfigs() {
		for _, n := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN} {
			c, err := quant.ParseQConfig(p.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []quant.ObserverSpec{c.Activation, c.Weight} {
				if o, err := New(s); err != nil {
					t.Errorf("%s: %v", p.Name, err)
				} else if o.DType() != s.DType {
					t.Errorf("%s: type %v, want %v", p.Name, o.DType(), s.DType)
				}
			}
		}
	}
}
