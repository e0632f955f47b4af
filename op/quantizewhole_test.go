package op

import (
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// Every element is visited once, in order, with the scale that the definition gives it, and
// neighbours with scales that are as far apart are one run.
func TestScalingRuns(t *testing.T) {
	for _, c := range []struct {
		s        Scaling
		x, scale tensor.Shape
		runs     int
	}{
		{Scaling{}, tensor.Shape{2, 3, 5}, tensor.Shape{}, 1},
		{Scaling{Axis: 1}, tensor.Shape{2, 3, 5}, tensor.Shape{3}, 6},
		{Scaling{Axis: -1}, tensor.Shape{2, 3, 5}, tensor.Shape{5}, 6},
		{Scaling{Axis: 1}, tensor.Shape{4, 3, 1}, tensor.Shape{3}, 4},
		{Scaling{Axis: 1, Block: 2}, tensor.Shape{2, 5, 3}, tensor.Shape{2, 3, 3}, 10},
		{Scaling{Axis: 2, Block: 4}, tensor.Shape{2, 3, 10}, tensor.Shape{2, 3, 3}, 18},
		{Scaling{Axis: 0, Block: 3}, tensor.Shape{7}, tensor.Shape{3}, 3},
		{Scaling{Axis: 1}, tensor.Shape{0, 3, 1}, tensor.Shape{3}, 0},
	} {
		axis := (c.s.Axis + len(c.x)) % len(c.x)
		want := func(i int) int { // by the index along every axis
			if c.scale.Numel() == 1 {
				return 0
			}
			at, rest := make([]int, len(c.x)), i
			for k := len(c.x) - 1; k >= 0; k-- {
				at[k], rest = rest%c.x[k], rest/c.x[k]
			}
			if c.s.Block == 0 {
				return at[axis]
			}
			at[axis] /= c.s.Block
			place := 0
			for k, n := range c.scale {
				place = place*n + at[k]
			}
			return place
		}
		next, runs := 0, 0
		c.s.Runs(c.x, c.scale, func(i, n, s, step int) {
			runs++
			for k := range n {
				if i+k != next || s+k*step != want(i+k) {
					t.Fatalf("%+v of %v: element %d has scale %d; expected element %d with scale %d", c.s, c.x, i+k, s+k*step, next, want(next))
				}
				next++
			}
		})
		if next != c.x.Numel() || runs != c.runs {
			t.Errorf("%+v of %v: %d elements in %d runs; expected %d in %d", c.s, c.x, next, runs, c.x.Numel(), c.runs)
		}
	}
}
