package serve

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// Only who sends no image is told what one is.
func TestRefusedImages(t *testing.T) {
	h := newHost(t, Options{Paths: []string{demo}})
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 31))); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		content []byte
		says    string
		advised bool
	}{
		"a name":       {[]byte("cat.jpg"), "not an image", true},
		"another size": {b.Bytes(), "31 x 30 pixels", false},
		"cut off":      {b.Bytes()[:b.Len()/2], "broken PNG image", false},
		"empty":        {nil, "is empty", false},
	} {
		_, err := h.Infer(t.Context(), "fashion_resnet8", "", &Request{Inputs: []Input{{Name: "x", Shape: tensor.Shape{1}, Images: [][]byte{c.content}}}})
		var e *Error
		if !errors.As(err, &e) || e.Code != Invalid || !strings.Contains(e.Message, c.says) || strings.Contains(e.Message, "neither its name nor an address") != c.advised {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The images of a request have a limit of pixels together, whatever their files' sizes.
func TestPixelsOfARequest(t *testing.T) {
	const side = 28
	h := newHost(t, Options{Paths: []string{demo}, MaxPixels: side * side})
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	for n, refused := range map[int]bool{requestPixels: false, requestPixels + 1: true} {
		in := Input{Name: "x", Shape: tensor.Shape{n}, Images: slices.Repeat([][]byte{b.Bytes()}, n)}
		_, err := h.Infer(t.Context(), "fashion_resnet8", "", &Request{Inputs: []Input{in}})
		var e *Error
		if errors.As(err, &e) != refused || refused && (e.Code != TooLarge || !strings.Contains(e.Message, "send fewer at a time")) {
			t.Errorf("%d images: %v", n, err)
		}
	}
}
