package slab

import (
	"sync"
	"unsafe"
)

// Number is what slices may hold: no pointers.
type Number interface {
	~int8 | ~uint8 | ~int16 | ~int32 | ~uint32 | ~float32 | ~uint64 | ~float64
}

// Make returns n zeros. For 2 MB and more it advises the system to use huge pages.
func Make[T Number](n int) []T {
	s := make([]T, n)
	if size := n * int(unsafe.Sizeof(*new(T))); size >= largePage {
		adviseLarge(unsafe.Pointer(unsafe.SliceData(s)), size)
	}
	return s
}

const (
	largePage = 2 << 20
	line      = 64 // bytes of the cache: where slices begin
)

// Slab allocates from a few large slices, each of which is freed with the last of its
// parts. A nil Slab makes a slice for each part. It is safe for concurrent use.
type Slab struct {
	mu   sync.Mutex
	size int      // bytes of the first slice
	free []uint64 // of the latest
}

// New returns a slab for about this many bytes; it grows if they are not enough.
func New(bytes int) *Slab { return &Slab{size: bytes} }

// Part allocates n zeros from s, aligned to a cache line.
func Part[T Number](s *Slab, n int) []T {
	if s == nil {
		return make([]T, n)
	}
	bytes := n * int(unsafe.Sizeof(*new(T)))
	words := s.take((bytes + line - 1) / line * line / 8)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

func (s *Slab) take(words int) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if words > len(s.free) {
		// The remainder is wasted. The estimate was nearly right: little more is needed.
		s.free = Make[uint64](max(words, s.size/8))
		s.size = (s.size + 3) / 4
	}
	part := s.free[:words:words]
	s.free = s.free[words:]
	return part
}
