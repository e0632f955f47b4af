package vision_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/vision"
)

// TestFromImageIsDecode: what image/png gives becomes what Decode gives of the file.
func TestFromImageIsDecode(t *testing.T) {
	compared := 0
	for file, b := range formatFiles(t) {
		if filepath.Ext(file) != ".png" {
			continue
		}
		decoded, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			continue // damaged on purpose
		}
		want, err := vision.Decode(b)
		if err != nil {
			continue
		}
		got, err := vision.FromImage(decoded)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got.Width != want.Width || got.Height != want.Height || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s (%T): other pixels than Decode's", file, decoded)
		}
		compared++
	}
	if compared < 15 {
		t.Errorf("only %d files were compared", compared)
	}
}

// odd is an image of a type that this package has never heard of.
type odd struct{ image.Image }

// TestFromImageOfAnyKind: parts of images, and types that no decoder gives.
func TestFromImageOfAnyKind(t *testing.T) {
	at := func(x, y int) color.NRGBA { return color.NRGBA{uint8(10 * x), uint8(20 * y), uint8(x + y), 255} }
	whole := image.NewNRGBA(image.Rect(0, 0, 6, 5))
	for y := range 5 {
		for x := range 6 {
			whole.SetNRGBA(x, y, at(x, y))
		}
	}
	part := whole.SubImage(image.Rect(2, 1, 5, 4))
	copied := image.NewRGBA(part.Bounds())
	wide := image.NewRGBA64(part.Bounds())
	for y := 1; y < 4; y++ {
		for x := 2; x < 5; x++ {
			copied.Set(x, y, at(x, y))
			wide.Set(x, y, at(x, y))
		}
	}
	for name, m := range map[string]image.Image{"part": part, "RGBA": copied, "RGBA64": wide, "unknown type": odd{part}} {
		got, err := vision.FromImage(m)
		if err != nil || got.Width != 3 || got.Height != 3 {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		for y := range 3 {
			for x := range 3 {
				c, p := at(x+2, y+1), got.Pix[3*(3*y+x):]
				if p[0] != c.R || p[1] != c.G || p[2] != c.B {
					t.Errorf("%s: pixel %d,%d is %v, want %v", name, x, y, p[:3], c)
				}
			}
		}
	}
	gray := image.NewYCbCr(image.Rect(0, 0, 2, 2), image.YCbCrSubsampleRatio420)
	copy(gray.Y, []uint8{0, 100, 200, 255})
	gray.Cb[0], gray.Cr[0] = 128, 128
	if got, err := vision.FromImage(gray); err != nil || !bytes.Equal(got.Pix, []uint8{0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255}) {
		t.Errorf("YCbCr: %v, %v", got, err)
	}
}

func TestFromImageRefuses(t *testing.T) {
	if _, err := vision.FromImage(nil); err == nil || !strings.Contains(err.Error(), "nil") {
		t.Errorf("nil: %v", err)
	}
	if _, err := vision.FromImage(image.NewGray(image.Rect(3, 3, 3, 9))); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty one: %v", err)
	}
	if _, err := vision.FromImage(image.NewUniform(color.White)); !errors.Is(err, vision.ErrTooLarge) { // without bounds
		t.Errorf("an endless one: %v", err)
	}
}
