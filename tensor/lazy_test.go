package tensor

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// codesElsewhere is a Source that counts how often it is read.
type codesElsewhere struct {
	codes []int8
	last  bool
	err   error

	mu    sync.Mutex
	reads int
}

func (s *codesElsewhere) ChannelsLast() bool { return s.last }

func (s *codesElsewhere) ReadInto(dst []byte) error {
	s.mu.Lock()
	s.reads++
	s.mu.Unlock()
	for i, c := range s.codes {
		dst[i] = byte(c)
	}
	return s.err
}

// Whatever order the source has and whatever order is asked for, elements are the
// same; only Data keeps them.
func TestFromSource(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 40 {
		shape := Shape{1 + r.IntN(4), 1 + r.IntN(5), 1 + r.IntN(3), 1 + r.IntN(3)}
		rows := make([]int8, shape.Numel())
		for i := range rows {
			rows[i] = int8(r.Uint32())
		}
		q := Affine(0.5, 0)
		want := OfQuantized(rows, q, shape...)
		s := &codesElsewhere{codes: rows, last: r.IntN(2) == 0}
		if s.last {
			s.codes = reorder(make([]int8, len(rows)), rows, shape, true)
		}
		x, err := FromSource(QInt8, q, shape, s)
		if err != nil {
			t.Fatal(err)
		}
		var buffer []int8
		for _, last := range []bool{false, true} {
			got, err := Elements(x, last, &buffer)
			if err != nil {
				t.Fatal(err)
			}
			var room []int8
			expected, err := Elements(want, last, &room)
			if err != nil || !slices.Equal(got, expected) {
				t.Fatalf("%v, channels last %v of a source with %v: %v, want %v (%v)", shape, last, s.last, got, expected, err)
			}
		}
		if s.reads != 2 || len(buffer) != len(rows) && !slices.Equal(buffer[:len(rows)], rows) {
			t.Fatalf("%d reads for two calls of Elements", s.reads)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if !slices.Equal(x.Int8s(), rows) {
					t.Error("other elements")
				}
			})
		}
		all.Wait()
		if s.reads != 3 {
			t.Fatalf("%d reads: the elements are not kept", s.reads)
		}
		if got, err := Elements(x, false, &buffer); err != nil || s.reads != 3 || !slices.Equal(got, rows) {
			t.Fatalf("%d reads, error %v", s.reads, err)
		}
	}
}

func TestSourcesThatFail(t *testing.T) {
	broken := errors.New("the disk is gone")
	s := &codesElsewhere{err: broken}
	x, err := FromSource(QInt8, Affine(1, 0), Shape{2, 3}, s)
	if err != nil {
		t.Fatal(err)
	}
	var buffer []int8
	if _, err := Elements(x, true, &buffer); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if err := x.Load(); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	func() {
		defer func() {
			if text, _ := recover().(string); !strings.Contains(text, "the disk is gone") || !strings.Contains(text, "Load") {
				t.Errorf("panic %q", text)
			}
		}()
		x.Int8s()
	}()
	s.err, s.codes = nil, []int8{1, 2, 3, 4, 5, 6}
	if err := x.Load(); err != nil || !slices.Equal(x.Int8s(), s.codes) {
		t.Errorf("after the disk is back: %v, error %v", x.Int8s(), err)
	}
	for want, make := range map[string]func() (*Tensor, error){
		"qint8":         func() (*Tensor, error) { return FromSource(QInt8, nil, Shape{2}, s) },
		"float32":       func() (*Tensor, error) { return FromSource(Float32, Affine(1, 0), Shape{2}, s) },
		"channels-last": func() (*Tensor, error) { return FromSource(Float32, nil, Shape{2}, &codesElsewhere{last: true}) },
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
