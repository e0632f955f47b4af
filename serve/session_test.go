package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

func openDemo(t *testing.T, o SessionOptions, opts ...octet.OpenOption) *Session {
	t.Helper()
	m, err := octet.Open(demo, opts...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// greyFile is a random image of so many pixels.
func greyFile(t *testing.T, width, height int) []byte {
	t.Helper()
	r, m := testseed.Rand(t), image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A batch is what its images are alone, however many are decoded at a time, and whether or not
// the preset says their shape.
func TestPreparedBatches(t *testing.T) {
	small, wide := greyFile(t, 28, 28), greyFile(t, 40, 28)
	presets := map[string]vision.Preset{
		"one size":          {Channels: 1, Resize: []int{28, 28}, Mean: []float64{0.3}, Std: []float64{0.4}},
		"the image's":       {Channels: 1},
		"the shorter edge":  {Channels: 1, Resize: []int{14}},
		"channels at last":  {Channels: 3, ChannelsLast: true, Crop: []int{20, 24}},
		"sizes of no image": {Channels: 3, ChannelsLast: true, Resize: []int{20}},
	}
	for name, p := range presets {
		for _, atATime := range []int{0, 1, 3} {
			s := &Session{images: preparation{preset: p, pool: parallel.Shared(atATime)}}
			for _, files := range [][][]byte{{small}, {wide}, {wide, wide}, {small, small, small, small, small, small, small}} {
				x, err := s.Prepare(t.Context(), files)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				for i, f := range files {
					m, err := vision.Decode(f)
					if err != nil {
						t.Fatal(err)
					}
					want, err := p.Apply(m)
					if err != nil {
						t.Fatal(err)
					}
					if got := x.Rows(i, i+1); x.Dim(0) != len(files) || !got.Shape()[1:].Equal(want.Shape()) || !bytes.Equal(got.Bytes(), want.Bytes()) {
						t.Errorf("%s, %d at a time: image %d of %d is %v, and alone %v", name, atATime, i, len(files), got, want)
					}
				}
			}
			_, err := s.Prepare(t.Context(), [][]byte{small, small, wide, small})
			if _, fixed := p.Shape(); fixed != (err == nil) || !fixed && !strings.Contains(fmt.Sprint(err), "image 2 becomes") {
				t.Errorf("%s: images of two sizes: %v", name, err)
			}
		}
	}
}

// The error is that of the first image that has one, whichever is decoded first.
func TestImagesThatCannotBePrepared(t *testing.T) {
	s := openDemo(t, SessionOptions{})
	good := greyFile(t, 28, 28)
	_, err := s.Prepare(t.Context(), [][]byte{good, good, []byte("cat.jpg"), good, nil})
	if !errors.Is(err, vision.ErrNoImage) || !strings.HasPrefix(err.Error(), "image 2: not an image") {
		t.Error(err)
	}
	if _, err := s.Prepare(t.Context(), nil); err == nil {
		t.Error("a batch of no image")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Prepare(ended, [][]byte{good, good}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s = openDemo(t, SessionOptions{Decoding: 1, MaxInput: 3 * 4 * 28 * 28, MaxPixels: 2 * 28 * 28})
	if _, err := s.Prepare(t.Context(), [][]byte{good, good, good}); !errors.Is(err, vision.ErrTooLarge) || !strings.HasPrefix(err.Error(), "image 2: ") {
		t.Error(err)
	}
	if _, err := s.Prepare(t.Context(), [][]byte{good, good, good, good}); AsError(err).Code != TooLarge {
		t.Error(err)
	}
}

// What a file says of classes and images is the session's, too.
func TestSessionsOfModels(t *testing.T) {
	s := openDemo(t, SessionOptions{Threads: 1, FiniteInputs: true}, octet.WithLabels([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}))
	if labels, assumed := s.Labels(); len(labels) != 10 || labels[9] != "j" || assumed {
		t.Error(labels, assumed)
	}
	if p, assumed, err := s.Preset(); err != nil || assumed || p.Channels != 1 {
		t.Errorf("%+v, %v, %v", p, assumed, err)
	}
	x := tensor.New(tensor.Float32, 1, 1, 28, 28)
	if y, err := s.Run(t.Context(), x); err != nil || !y.Shape().Equal(tensor.Shape{1, 10}) {
		t.Error(y, err)
	}
	var zero float32
	x.Float32s()[7] = 1 / zero
	if _, err := s.Run(t.Context(), x); err == nil || !strings.Contains(err.Error(), "infinite") {
		t.Error(err)
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	var panicked *PanicError
	n, err := Safely(func() (int, error) { panic("seven") })
	if !errors.As(err, &panicked) || panicked.Value != "seven" || n != 0 || !strings.HasPrefix(err.Error(), "panic: seven\n") || !strings.Contains(err.Error(), "TestPanicsBecomeErrors") {
		t.Error(n, err)
	}
	if n, err := Safely(func() (int, error) { return 7, context.Canceled }); n != 7 || err != context.Canceled {
		t.Error(n, err)
	}
}

func TestRowsOfClasses(t *testing.T) {
	numbers := []float32{1, 2, 3, 4, 5, 6}
	for _, shape := range []tensor.Shape{{3, 2}, {3, 2, 1, 1}} {
		if rows := ClassRows(tensor.Of(numbers, shape...)); len(rows) != 3 || !slices.Equal(rows[2], []float32{5, 6}) {
			t.Errorf("%v: %v", shape, rows)
		}
	}
	for what, y := range map[string]*tensor.Tensor{
		"no input": tensor.New(tensor.Float32, 0, 5), "one axis": tensor.Of(numbers, 6), "planes": tensor.Of(numbers, 1, 2, 3),
		"whole numbers": tensor.New(tensor.Int64, 3, 2), "a number": tensor.Of(numbers[:1]),
	} {
		if rows := ClassRows(y); rows != nil {
			t.Errorf("%s: %v", what, rows)
		}
	}
}
