package vision

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func noisy(width, height int, r *rand.Rand) *Image {
	m := NewImage(width, height)
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

func fresh(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// The zero value gives what the preset gives, and the same state the same input.
func TestAugmentIsDeterministic(t *testing.T) {
	m := noisy(40, 32, fresh(1))
	p := ImageClassification(24, 28)
	plain, err := p.Apply(m)
	if err != nil {
		t.Fatal(err)
	}
	same, err := Augment{}.Apply(p, m, fresh(2))
	if err != nil || !slices.Equal(plain.Float32s(), same.Float32s()) {
		t.Fatalf("no augmentation changes the input: %v", err)
	}
	a := Augment{Flip: 0.5, Scale: []float64{0.08, 1}, Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1}
	before := slices.Clone(m.Pix)
	var seen []*tensor.Tensor
	for seed := range uint64(8) {
		x, err := a.Apply(p, m, fresh(seed))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := a.Apply(p, m, fresh(seed))
		if !slices.Equal(x.Float32s(), again.Float32s()) || !x.Shape().Equal(tensor.Shape{3, 24, 24}) {
			t.Fatalf("seed %d: %v and then %v", seed, x, again)
		}
		for _, other := range seen {
			if slices.Equal(other.Float32s(), x.Float32s()) {
				t.Error("two seeds give the same input")
			}
		}
		seen = append(seen, x)
	}
	if !slices.Equal(before, m.Pix) {
		t.Error("the image itself was changed")
	}
}

func TestFlipMirrors(t *testing.T) {
	m := NewImage(3, 1)
	copy(m.Pix, []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9})
	if got := mirrored(m).Pix; !slices.Equal(got, []uint8{7, 8, 9, 4, 5, 6, 1, 2, 3}) {
		t.Errorf("mirrored: %v", got)
	}
	x := tensor.Of([]float32{1, 2, 3, 4}, 1, 2, 2)
	y, err := Augment{Flip: 1}.ApplyTensor(x, fresh(1))
	if err != nil || !slices.Equal(y.Float32s(), []float32{2, 1, 4, 3}) {
		t.Errorf("mirrored tensor: %v, %v", y.Float32s(), err)
	}
}

// A moved window holds what it held before, moved, and black around it.
func TestPadMoves(t *testing.T) {
	r := fresh(9)
	m := noisy(9, 7, r)
	for range 50 {
		w := Augment{Pad: 3}.window(m, r)
		found := false
		for dy := -3; dy <= 3; dy++ {
			for dx := -3; dx <= 3; dx++ {
				found = found || isMoved(w, m, dx, dy)
			}
		}
		if !found {
			t.Fatal("the window is no part of the padded image")
		}
	}
}

func isMoved(w, m *Image, dx, dy int) bool {
	for y := range m.Height {
		for x := range m.Width {
			for c := range 3 {
				want := uint8(0)
				if fx, fy := x+dx, y+dy; fx >= 0 && fx < m.Width && fy >= 0 && fy < m.Height {
					want = m.Pix[3*(fy*m.Width+fx)+c]
				}
				if w.Pix[3*(y*w.Width+x)+c] != want {
					return false
				}
			}
		}
	}
	return true
}

func TestHueTurnsBack(t *testing.T) {
	r := fresh(3)
	m := noisy(20, 20, r)
	turned := &Image{Width: 20, Height: 20, Pix: slices.Clone(m.Pix)}
	turned.turnHue(0.3)
	turned.turnHue(-0.3)
	for i := range m.Pix {
		if d := int(m.Pix[i]) - int(turned.Pix[i]); d < -3 || d > 3 {
			t.Fatalf("byte %d was %d and is %d", i, m.Pix[i], turned.Pix[i])
		}
	}
}

func TestAugmentValidate(t *testing.T) {
	for want, a := range map[string]Augment{
		"probability": {Flip: 1.5}, "least <= most": {Scale: []float64{0.9, 0.1}}, "give one": {Scale: []float64{0.5, 1}, Pad: 2},
		"hue is": {Hue: 0.7}, "contrast is": {Contrast: -1}, "pad is": {Pad: -1},
	} {
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v does not say %q", a, err, want)
		}
	}
	if _, err := (Augment{Hue: 0.1}).ApplyTensor(tensor.New(tensor.Float32, 1, 2, 2), fresh(1)); err == nil {
		t.Error("an array has no hue")
	}
	if _, err := (Augment{Scale: []float64{0.5, 1}}).Apply(Preset{Channels: 3}, NewImage(4, 4), fresh(1)); err == nil {
		t.Error("a random crop without a size")
	}
}
