package quant

import (
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// Whole numbers have one sum in any order, of every channel and for every number of pixels.
func TestSumPixelsAddsEachPixelOnce(t *testing.T) {
	r := testseed.Rand(t)
	var reals [256]float32
	for i := range reals {
		reals[i] = float32(i - 100)
	}
	for pixels := 1; pixels < 200; pixels++ {
		channels := 1 + r.IntN(5)
		p := Plane{Codes: make([]uint8, pixels*channels), Step: channels, Pixels: pixels, Reals: &reals, Channels: channels}
		want := make([]float32, channels)
		for i := range p.Codes {
			p.Codes[i] = uint8(r.IntN(256))
			want[i%channels] += reals[p.Codes[i]]
		}
		for c := range want {
			if got := p.SumPixels(c); got != want[c] {
				t.Errorf("channel %d of %d, %d pixels: %v, want %v", c, channels, pixels, got, want[c])
			}
		}
	}
}

// Pixels 0 and 8 are added in front of pixel 1, whose number is lost beside either.
func TestSumPixelsOrder(t *testing.T) {
	reals := [256]float32{1: 1 << 24, 2: -(1 << 24), 3: 1}
	p := Plane{Codes: make([]uint8, 16), Step: 1, Pixels: 16, Reals: &reals, Channels: 1}
	p.Codes[0], p.Codes[8], p.Codes[1] = 1, 2, 3
	if got := p.SumPixels(0); got != 1 {
		t.Errorf("sum %v, want 1", got)
	}
	p.Codes[8], p.Codes[2] = 0, 2 // one behind the other
	if got := p.SumPixels(0); got != 0 {
		t.Errorf("sum %v, want 0", got)
	}
}
