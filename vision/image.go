package vision

import "fmt"

// Image is an RGB image of 8 bits per channel.
type Image struct {
	Width, Height int     // in pixels
	Pix           []uint8 // R, G, B of each pixel, row by row: Height*Width*3 bytes
	Damage        string  // what is wrong with the file, which PIL reads nevertheless; empty of a sound one
}

// NewImage returns a black image.
func NewImage(width, height int) *Image {
	return &Image{Width: width, Height: height, Pix: make([]uint8, width*height*3)}
}

// FromGray returns the image whose three channels are the given Height*Width
// samples. It panics when their number differs.
func FromGray(width, height int, samples []uint8) *Image {
	if len(samples) != width*height {
		panic(fmt.Sprintf("vision: %d samples do not fill %dx%d pixels", len(samples), width, height))
	}
	m := NewImage(width, height)
	for i, v := range samples {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = v, v, v
	}
	return m
}

// row returns the bytes of row y.
func (m *Image) row(y int) []uint8 { return m.Pix[y*m.Width*3 : (y+1)*m.Width*3] }

// Gray is the luma of an RGB pixel as PIL's convert("L") computes it: ITU-R 601
// weights in units of 2^-16, rounded.
func Gray(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// Grayscale returns the image with all three channels set to its luma, as
// torchvision's Grayscale(num_output_channels=3).
func Grayscale(m *Image) *Image {
	out := NewImage(m.Width, m.Height)
	for i := 0; i < len(m.Pix); i += 3 {
		v := Gray(m.Pix[i], m.Pix[i+1], m.Pix[i+2])
		out.Pix[i], out.Pix[i+1], out.Pix[i+2] = v, v, v
	}
	return out
}
