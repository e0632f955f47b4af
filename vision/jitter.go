package vision

import (
	"math"
	"math/rand/v2"
)

// jitter changes brightness, contrast, saturation and hue by random amounts, in
// random order, each as PIL's ImageEnhance and torchvision's functional do.
func (a Augment) jitter(m *Image, r *rand.Rand) *Image {
	if a.Brightness == 0 && a.Contrast == 0 && a.Saturation == 0 && a.Hue == 0 {
		return m
	}
	out := &Image{Width: m.Width, Height: m.Height, Pix: append([]uint8(nil), m.Pix...)}
	order := r.Perm(4)
	around := func(by float64) float64 { return 1 + by*(2*r.Float64()-1) }
	brightness, contrast, saturation := around(a.Brightness), around(a.Contrast), around(a.Saturation)
	hue := a.Hue * (2*r.Float64() - 1)
	for _, what := range order {
		switch {
		case what == 0 && a.Brightness > 0:
			out.towards(brightness, func(int) uint8 { return 0 })
		case what == 1 && a.Contrast > 0:
			mean := out.meanLuma()
			out.towards(contrast, func(int) uint8 { return mean })
		case what == 2 && a.Saturation > 0:
			out.towards(saturation, func(i int) uint8 { return Gray(out.Pix[i], out.Pix[i+1], out.Pix[i+2]) })
		case what == 3 && a.Hue > 0:
			out.turnHue(hue)
		}
	}
	return out
}

// towards blends each pixel, which starts at byte i, with a grey: factor 0 gives
// the grey, 1 the pixel, more goes beyond it.
func (m *Image) towards(factor float64, grey func(i int) uint8) {
	for i := 0; i < len(m.Pix); i += 3 {
		g := float64(grey(i))
		for c := range 3 {
			v := g + factor*(float64(m.Pix[i+c])-g)
			m.Pix[i+c] = uint8(max(0, min(v, 255)))
		}
	}
}

// meanLuma is the mean of the luma, rounded.
func (m *Image) meanLuma() uint8 {
	sum := 0
	for i := 0; i < len(m.Pix); i += 3 {
		sum += int(Gray(m.Pix[i], m.Pix[i+1], m.Pix[i+2]))
	}
	return uint8(float64(sum)/float64(len(m.Pix)/3) + 0.5)
}

// turnHue turns the hue by a part of the circle.
func (m *Image) turnHue(by float64) {
	for i := 0; i < len(m.Pix); i += 3 {
		p := m.Pix[i : i+3 : i+3]
		h, s, v := hsv(p[0], p[1], p[2])
		h += by
		p[0], p[1], p[2] = rgb(h-math.Floor(h), s, v)
	}
}

// hsv are hue, saturation and value, each from 0 to 1.
func hsv(r8, g8, b8 uint8) (h, s, v float64) {
	r, g, b := float64(r8)/255, float64(g8)/255, float64(b8)/255
	v = max(r, g, b)
	span := v - min(r, g, b)
	if span == 0 {
		return 0, 0, v
	}
	switch v {
	case r:
		h = (g - b) / span
	case g:
		h = 2 + (b-r)/span
	default:
		h = 4 + (r-g)/span
	}
	h /= 6
	return h - math.Floor(h), span / v, v
}

// rgb is the inverse of hsv.
func rgb(h, s, v float64) (r, g, b uint8) {
	sector := math.Floor(h * 6)
	f := h*6 - sector
	at := func(x float64) uint8 { return uint8(math.Round(max(0, min(x, 1)) * 255)) }
	p, q, t := at(v*(1-s)), at(v*(1-s*f)), at(v*(1-s*(1-f)))
	w := at(v)
	switch int(sector) % 6 {
	case 0:
		return w, t, p
	case 1:
		return q, w, p
	case 2:
		return p, w, t
	case 3:
		return p, q, w
	case 4:
		return t, p, w
	}
	return w, p, q
}
