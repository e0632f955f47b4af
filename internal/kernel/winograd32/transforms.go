//go:build (amd64 || arm64) && !noasm

package winograd32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/operand"
)

// transform is the argument of a routine that transforms the input of count tiles
// to numbers at to, [point][tile][channel], points apart.
type transform struct {
	operand.Cursor
	to       unsafe.Pointer
	points   int // bytes from point to point
	channels int
	count    int
}

// fold is the argument of a routine that transforms the products of count tiles to pixels.
// It counts down.
type fold struct {
	sums     unsafe.Pointer // of the first tile and channel
	points   int            // bytes from point to point
	ld       int            // bytes from tile to tile
	to       unsafe.Pointer // *int32, of the first tile
	nextTo   int            // bytes from the positions of one pixel to the next
	out      unsafe.Pointer // of the first channel
	nowhere  unsafe.Pointer // takes pixels that do not exist
	bias     unsafe.Pointer
	channels int
	count    int
	lo, hi   float32
	_        [4]uintptr // the pixels of a tile
}

// run transforms the tiles, with the wider of the routines where there are two.
func (s *InputTiles) run(wide bool) {
	tiles := s.M1 - s.M0
	_ = s.To[Points*tiles*s.Depth-1]
	x := transform{channels: s.Depth, points: tiles * s.Depth * 4}
	for m := s.M0; m < s.M1; {
		end := s.Together(m, s.M1)
		operand.Lead(&x.Cursor, &s.Matrix, m, end)
		x.to, x.count = unsafe.Pointer(&s.To[(m-s.M0)*s.Depth]), end-m
		x.call(wide)
		m = end
	}
}

func (f *OutputTiles) run(wide bool) {
	tiles := f.M1 - f.M0
	_ = f.Products[((Points-1)*tiles+tiles-1)*f.LD+f.N1-1]
	a := fold{
		points: tiles * f.LD * 4, ld: f.LD * 4, nextTo: f.Rows * 4, lo: f.Lo, hi: f.Hi, channels: f.N1 - f.N0,
		bias: unsafe.Pointer(&f.Bias[f.N0:f.N1][0]), nowhere: unsafe.Pointer(&f.Nowhere[:f.N1-f.N0][0]),
	}
	for m := f.M0; m < f.M1; m += a.count {
		image, first := m/f.Rows, m%f.Rows
		n := min(f.M1-m, f.Rows-first)
		a.sums = unsafe.Pointer(&f.Products[(m-f.M0)*f.LD+f.N0])
		a.to = unsafe.Pointer(&f.To[first : 3*f.Rows+first+n][0])
		a.out = unsafe.Pointer(&f.Out[image*f.OutImage+f.N0 : (image+1)*f.OutImage][0])
		a.count = n
		a.call(wide)
		a.count = n
	}
}
