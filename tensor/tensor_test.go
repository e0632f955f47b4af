package tensor

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestEveryDTypeHasStorageAndAName(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		var x *Tensor
		if d.IsQuantized() {
			x = NewQuantized(d, Affine(0.5, 1), 2, 3)
		} else {
			x = New(d, 2, 3)
		}
		if got := len(x.rawBytes()); got != 6*d.Size() {
			t.Errorf("%v: 6 elements take %d bytes, want %d", d, got, 6*d.Size())
		}
		if back, err := ParseDType("torch." + d.String()); err != nil || back != d {
			t.Errorf("ParseDType(torch.%v) = %v, %v", d, back, err)
		}
	}
	if _, err := ParseDType("float33"); err == nil {
		t.Error("float33 was accepted")
	}
}

func TestBytesRoundTrip(t *testing.T) {
	values := []float32{0, -1.5, float32(math.Inf(1)), math.MaxFloat32, 1e-45, 7}
	x := Of(values, 2, 3)
	want := []byte{0, 0, 0xc0, 0xbf} // -1.5, little-endian
	if got := x.Bytes()[4:8]; !bytes.Equal(got, want) {
		t.Errorf("-1.5 is stored as % x, want % x", got, want)
	}
	y, err := FromBytes(Float32, nil, Shape{2, 3}, x.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range y.Float32s() {
		if math.Float32bits(v) != math.Float32bits(values[i]) {
			t.Errorf("element %d became %v, want %v", i, v, values[i])
		}
	}
}

func TestFromBytesRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		d DType
		q *QParams
		s Shape
		n int
	}{
		"too short":            {Float32, nil, Shape{2}, 7},
		"too long":             {Float32, nil, Shape{2}, 12},
		"ragged":               {Float32, nil, Shape{2}, 9},
		"negative extent":      {UInt8, nil, Shape{-1}, 0},
		"overflow":             {UInt8, nil, Shape{1 << 40, 1 << 40}, 0},
		"codes without params": {QUInt8, nil, Shape{1}, 1},
		"params without codes": {UInt8, Affine(1, 0), Shape{1}, 1},
		"no type":              {Invalid, nil, Shape{0}, 0},
	} {
		if _, err := FromBytes(c.d, c.q, c.s, make([]byte, c.n)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSwapReversesEachNumber(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	swap(b, 4)
	if want := []byte{4, 3, 2, 1, 8, 7, 6, 5}; !bytes.Equal(b, want) {
		t.Errorf("swapped to %v, want %v", b, want)
	}
	if Complex64.swapUnit() != 4 || Float16.swapUnit() != 2 {
		t.Error("a complex number is swapped as two numbers, a half as one")
	}
}

func TestCheckedNumel(t *testing.T) {
	if n, err := (Shape{}).CheckedNumel(); n != 1 || err != nil {
		t.Errorf("a scalar has %d elements, %v", n, err)
	}
	if n, err := (Shape{1 << 20, 0}).CheckedNumel(); n != 0 || err != nil {
		t.Errorf("an empty shape has %d elements, %v", n, err)
	}
	if _, err := (Shape{1 << 32, 1 << 32}).CheckedNumel(); err == nil {
		t.Error("2^64 elements were accepted")
	}
}

func TestReshapeSharesData(t *testing.T) {
	x := OfQuantized([]uint8{1, 2, 3, 4}, Affine(0.1, 2), 2, 2)
	y := x.Reshape(4)
	y.Uint8s()[3] = 9
	if x.Uint8s()[3] != 9 || y.QParams() != x.QParams() {
		t.Error("a reshaped tensor must share data and parameters")
	}
	c := x.Clone()
	c.Uint8s()[0] = 77
	if x.Uint8s()[0] != 1 {
		t.Error("a clone must not share data")
	}
	mustPanic(t, "reshape to another size", func() { x.Reshape(5) })
	mustPanic(t, "wrong Go type", func() { x.Int8s() })
	mustPanic(t, "wrong length", func() { Of([]float32{1}, 2) })
	mustPanic(t, "per-channel reshape", func() {
		OfQuantized([]int8{1, 2}, PerAxis([]float64{1, 2}, []int64{0, 0}, 0), 2, 1).Reshape(2)
	})
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// TestFloat32ToHalf: every float16 comes back, and half-way numbers go to the even one.
func TestFloat32ToHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		x := HalfToFloat32(h)
		if x != x {
			if got := HalfToFloat32(Float32ToHalf(x)); got == got {
				t.Errorf("%#x, not a number, becomes %v", h, got)
			}
			continue
		}
		if got := Float32ToHalf(x); got != h {
			t.Errorf("%#x becomes %#x", h, got)
		}
		next := HalfToFloat32(h + 1)
		if h&0x7fff >= 0x7bff || next != next {
			continue // nothing finite follows
		}
		middle := (x + next) / 2
		even := h + h&1
		for y, want := range map[float32]uint16{
			middle:                         even,
			math.Nextafter32(middle, x):    h,
			math.Nextafter32(middle, next): h + 1,
		} {
			if got := Float32ToHalf(y); got != want {
				t.Errorf("%v becomes %#x, expected %#x", y, got, want)
			}
		}
	}
	for x, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, -65520: 0xfc00, float32(math.Inf(1)): 0x7c00, 1e-10: 0} {
		if got := Float32ToHalf(x); got != want {
			t.Errorf("%v becomes %#x, expected %#x", x, got, want)
		}
	}
}

func TestHalfToFloat32(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x7c00: float32(math.Inf(1)),
	} {
		if got := HalfToFloat32(bits); got != want {
			t.Errorf("half %#04x = %v, want %v", bits, got, want)
		}
	}
	if got := HalfToFloat32(0x8000); math.Float32bits(got) != 1<<31 {
		t.Errorf("half -0 = %v", got)
	}
	if got := HalfToFloat32(0x7e01); got == got {
		t.Errorf("half NaN = %v", got)
	}
}

func TestToFloat32(t *testing.T) {
	for _, x := range []*Tensor{
		Of([]float64{-0.5, 3}, 2), OfType(Float16, []uint16{0xb800, 0x4200}, 2), OfType(BFloat16, []uint16{0xbf00, 0x4040}, 2), Of([]float32{-0.5, 3}, 2),
	} {
		y, err := x.ToFloat32()
		if err != nil || y.Float32s()[0] != -0.5 || y.Float32s()[1] != 3 {
			t.Errorf("%v became %v (%v)", x, y, err)
		}
	}
	if _, err := New(Int64, 1).ToFloat32(); err == nil {
		t.Error("int64 was taken for a float")
	}
}

func TestQParamsValidate(t *testing.T) {
	good := PerAxis([]float64{0.1, 0.2}, []int64{0, 0}, 0)
	if err := good.Validate(QInt8, Shape{2, 3}); err != nil {
		t.Error(err)
	}
	inf := math.Inf(1)
	for what, c := range map[string]struct {
		q *QParams
		d DType
		s Shape
	}{
		"is 0":                 {Affine(0, 0), QUInt8, Shape{1}},
		"is -1":                {Affine(-1, 0), QUInt8, Shape{1}},
		"is NaN":               {Affine(inf-inf, 0), QUInt8, Shape{1}},
		"is +Inf":              {Affine(inf, 0), QUInt8, Shape{1}},
		"is 1e-50":             {Affine(1e-50, 0), QUInt8, Shape{1}}, // zero in float32
		"is 1e+50":             {Affine(1e50, 0), QUInt8, Shape{1}},
		"zero point 0 is 256":  {Affine(1, 256), QUInt8, Shape{1}},
		"zero point 0 is -1":   {Affine(1, -1), QUInt8, Shape{1}},
		"zero point 0 is -129": {Affine(1, -129), QInt8, Shape{1}},
		"outside shape":        {PerAxis([]float64{1}, []int64{0}, 2), QInt8, Shape{1, 1}},
		"needs 3":              {good, QInt8, Shape{3, 3}},
		"of type float32":      {Affine(1, 0), Float32, Shape{1}},
	} {
		if err := c.q.Validate(c.d, c.s); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v: error %v does not say %q", c.q, err, what)
		}
	}
}

func TestQParamsEqual(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a := Affine(rng.Float64(), 3)
	b := Affine(a.Scale(), 3)
	if !a.Equal(b) || a.Equal(nil) || !(*QParams)(nil).Equal(nil) || a.Equal(Affine(math.Nextafter(a.Scale(), 1), 3)) {
		t.Error("parameters are equal exactly when all their bits are")
	}
}

func TestNamedExtents(t *testing.T) {
	for want, c := range map[string]struct {
		shape Shape
		names []string
	}{
		"[]":                 {},
		"[batch, 3, ?, 0]":   {Shape{-1, 3, -1, 0}, []string{"batch", "", ""}},
		"[?, ?]":             {Shape{-1, -1}, nil},
		"[2, height, width]": {Shape{2, -1, -1}, []string{"batch", "height", "width"}},
	} {
		if got := c.shape.Named(c.names); got != want {
			t.Errorf("%v named %q is %s; expected %s", c.shape, c.names, got, want)
		}
	}
}

// TestRows: rows share elements, and joined again are those of the tensor.
func TestRows(t *testing.T) {
	x := Of([]uint8{1, 2, 3, 4, 5, 6}, 3, 2)
	a, b := x.Rows(0, 1), x.Rows(1, 3)
	if !b.Shape().Equal(Shape{2, 2}) || b.Uint8s()[0] != 3 {
		t.Errorf("rows 1 and 2 are %v %v", b, b.Uint8s())
	}
	y := JoinRows(a, b)
	if !y.Shape().Equal(x.Shape()) || string(y.Uint8s()) != string(x.Uint8s()) {
		t.Errorf("joined: %v %v", y, y.Uint8s())
	}
	b.Uint8s()[0] = 9
	if x.Uint8s()[2] != 9 || y.Uint8s()[2] != 3 {
		t.Error("rows are shared, joined ones copied")
	}
	for what, f := range map[string]func(){
		"rows that are not there": func() { x.Rows(2, 4) },
		"rows of other widths":    func() { JoinRows(x, Of([]uint8{1}, 1, 1)) },
		"rows of other types":     func() { JoinRows(x, Of([]int8{1, 2}, 1, 2)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error(what)
				}
			}()
			f()
		}()
	}
}
