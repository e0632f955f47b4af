package vision

import "sync"

// mostSpare bounds the bytes of pixels that are kept for the next image.
const mostSpare = 8 << 20

// spares has memory of pixels that nobody refers to any more, *[]uint8.
var spares sync.Pool

// blankImage is an image all of whose pixels the caller will write: they hold anything.
func blankImage(width, height int) *Image {
	n := 3 * width * height
	if pix, ok := spares.Get().(*[]uint8); ok && cap(*pix) >= n {
		return &Image{Width: width, Height: height, Pix: (*pix)[:n]}
	}
	return NewImage(width, height)
}

// recycle keeps the memory of an image to which nobody refers any more.
func recycle(m *Image) {
	if cap(m.Pix) <= mostSpare {
		spares.Put(&m.Pix)
	}
}

// resized returns a slice of n elements that hold anything, of the memory of s where that is
// large enough.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
