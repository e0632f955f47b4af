package tensor

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

var smallTypes = []DType{Float8E4M3, Float8E5M2, Float8E4M3FNUZ, Float8E5M2FNUZ, Float4E2M1}

// codesOf are the codes of a small float.
func codesOf(d DType) []uint8 {
	n := 256
	if d == Float4E2M1 {
		n = 16
	}
	codes := make([]uint8, n)
	for i := range codes {
		codes[i] = uint8(i)
	}
	return codes
}

// The code of a code's number is that code.
func TestSmallFloatsKeepTheirCodes(t *testing.T) {
	for _, d := range append([]DType{Float8E8M0}, smallTypes...) {
		for _, code := range codesOf(d) {
			v := SmallToFloat32(d, code)
			if v != v {
				if again := SmallToFloat32(d, Float32ToSmall(d, v, true)); again == again {
					t.Errorf("%v: NaN of code %#x becomes %v", d, code, again)
				}
			} else if got := Float32ToSmall(d, v, false); got != code {
				t.Errorf("%v: %v of code %#x has code %#x", d, v, code, got)
			}
		}
	}
}

// The largest numbers are those of the formats' definitions.
func TestSmallFloatsLargest(t *testing.T) {
	want := map[DType]float32{Float8E4M3: 448, Float8E5M2: 57344, Float8E4M3FNUZ: 240, Float8E5M2FNUZ: 57344, Float4E2M1: 6}
	for _, d := range smallTypes {
		if got := SmallToFloat32(d, Float32ToSmall(d, math.MaxFloat32, true)); got != want[d] {
			t.Errorf("%v: the largest number is %v, want %v", d, got, want[d])
		}
	}
	if got := SmallToFloat32(Float8E8M0, Float32ToSmall(Float8E8M0, math.MaxFloat32, true)); got != 0x1p127 {
		t.Errorf("the largest power of two is %v", got)
	}
}

// No number of the format is nearer than the one that is chosen, and of two as near the even
// one is.
func TestSmallFloatsAreNearest(t *testing.T) {
	r := testseed.Rand(t)
	for _, d := range smallTypes {
		for range 2000 {
			x := float32(r.NormFloat64() * math.Exp(r.NormFloat64()*6))
			code := Float32ToSmall(d, x, true)
			off := math.Abs(float64(SmallToFloat32(d, code)) - float64(x))
			for _, other := range codesOf(d) {
				v := float64(SmallToFloat32(d, other))
				if math.IsInf(v, 0) {
					continue
				}
				if e := math.Abs(v - float64(x)); e < off || e == off && other != code && code&1 == 1 && v != 0 {
					t.Fatalf("%v: %v becomes %v; %v is nearer, or as near and even", d, x, SmallToFloat32(d, code), v)
				}
			}
		}
	}
}
