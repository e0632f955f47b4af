package slab

import (
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/internal/testseed"
)

// Parts of all sizes, taken at the same time, are zero, begin at lines of the cache
// and do not touch each other.
func TestPartsAreApart(t *testing.T) {
	seed := testseed.Of(t)
	s := New(1 << 20)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(worker)))
			var parts [][]float32
			for i := range 40 {
				p := Part[float32](s, r.IntN(20000))
				if uintptr(unsafe.Pointer(unsafe.SliceData(p)))%line != 0 {
					t.Errorf("%d numbers at %p", len(p), p)
				}
				for k := range p {
					if p[k] != 0 {
						t.Fatalf("part %d of worker %d holds %g", i, worker, p[k])
					}
					p[k] = float32(100*worker + i + 1)
				}
				parts = append(parts, p)
			}
			for i, p := range parts {
				for _, v := range p {
					if v != float32(100*worker+i+1) {
						t.Fatalf("part %d of worker %d was changed to %g", i, worker, v)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestPartKeepsToItself(t *testing.T) {
	s := New(4096)
	p := Part[int8](s, 3)
	if len(p) != 3 || cap(p) != 3 {
		t.Errorf("%d of %d", len(p), cap(p))
	}
	if q := Part[uint64]((*Slab)(nil), 5); len(q) != 5 {
		t.Errorf("%d of 5 without a slab", len(q))
	}
	if q := Part[float32](s, 0); len(q) != 0 {
		t.Errorf("%d of none", len(q))
	}
}

func TestMakeIsZero(t *testing.T) {
	for _, n := range []int{0, 1, largePage / 4, largePage + 12345} {
		x := Make[float32](n)
		if len(x) != n {
			t.Errorf("%d numbers, want %d", len(x), n)
		}
		for i, v := range x {
			if v != 0 {
				t.Fatalf("element %d of %d is %g", i, n, v)
			}
		}
	}
}
