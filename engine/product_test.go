package engine

import (
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// Pieces cover a product once, and with several threads none has much more to do than
// its share.
func TestDivide(t *testing.T) {
	r := testseed.Rand(t)
	for range 500 {
		e := extent{m: 1 + r.IntN(1500), n: 1 + r.IntN(200), k: 1 + r.IntN(700), groups: 1 + r.IntN(3), bytes: 1 + 3*r.IntN(2)}
		threads, nr := 1+r.IntN(9), 1<<(2+r.IntN(5))
		d := e.divide(64+r.IntN(200), nr, threads, r.IntN(2) == 0)
		done := make([]int, e.groups*e.m*e.n)
		for i := range d.count() {
			group, m0, m1, n0, n1 := d.piece(i)
			if m0 >= m1 || n0 >= n1 || n0%nr != 0 {
				t.Fatalf("%+v on %d threads: piece %d is rows %d to %d, columns %d to %d", e, threads, i, m0, m1, n0, n1)
			}
			for m := m0; m < m1; m++ {
				for n := n0; n < n1; n++ {
					done[(group*e.m+m)*e.n+n]++
				}
			}
		}
		for i, n := range done {
			if n != 1 {
				t.Fatalf("%+v on %d threads, %+v: element %d is computed %d times", e, threads, d, i, n)
			}
		}
	}
}

func TestEvenly(t *testing.T) {
	for _, c := range []struct{ n, unit, most, threads, want int }{
		{784, 1, 256, 2, 98},    // of an image of 28x28, eight pieces
		{784, 28, 1000, 2, 196}, // in lines: seven each
		{196, 1, 500, 2, 98},
		{190, 1, 96, 2, 0}, // too few
		{3136, 1, 256, 2, 224},
		{3136, 1, 96, 2, 93},
		{784, 1, 256, 3, 131}, // two each
	} {
		if got := evenly(c.n, c.unit, c.most, c.threads); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
