package vision_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/vision"
)

// photo is a 500x375 JPEG with 4:2:0 chroma, the usual size of ImageNet.
func photo(b *testing.B) []byte {
	b.Helper()
	m := image.NewYCbCr(image.Rect(0, 0, 500, 375), image.YCbCrSubsampleRatio420)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range m.Y {
		m.Y[i] = uint8(i%500/3 + r.IntN(30))
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(i%200), uint8(i%77)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkDecodeJPEG(b *testing.B) {
	file := photo(b)
	for b.Loop() {
		if _, err := vision.Decode(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImageClassification(b *testing.B) {
	m, err := vision.Decode(photo(b))
	if err != nil {
		b.Fatal(err)
	}
	p := vision.ImageClassification(224, 256)
	dst := make([]float32, 3*224*224)
	for b.Loop() {
		if err := p.ApplyInto(dst, m); err != nil {
			b.Fatal(err)
		}
	}
}
