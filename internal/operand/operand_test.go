package operand

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the heights, all rows are computed, none outside the block.
func TestTilesCoverRows(t *testing.T) {
	for _, heights := range [][]int{{1}, {1, 3}, {1, 3, 6}, {1, 4, 7, 14}, {1, 2, 3, 4, 5, 6}} {
		for rows := range 100 {
			computed := make([]int, rows)
			for done, steps := 0, 0; done < rows; steps++ {
				if steps > rows {
					t.Fatalf("%v: no end with %d rows", heights, rows)
				}
				first, count, index := Tiles(done, rows, heights)
				if first > done {
					t.Fatalf("%v: of %d rows, those from %d to %d are left out", heights, rows, done, first)
				}
				done = first + count*heights[index]
				for m := first; m < done; m++ {
					computed[m]++
				}
			}
			// A row may be computed twice, at the end.
			if again := slices.Index(computed, 2); again >= 0 && rows-again > 2*heights[len(heights)-1] || slices.Contains(computed, 3) {
				t.Errorf("%v: of %d rows, %v are computed", heights, rows, computed)
			}
		}
	}
}

func TestRunsAreEquallySpaced(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		taps, rows, step := 1+r.IntN(4), 1+r.IntN(12), 1+r.IntN(3)
		offset := make([]int32, taps*rows)
		for tap := range taps {
			for m := range rows {
				at := &offset[tap*rows+m]
				if *at = int32(r.IntN(4) - 1); m > 0 && r.IntN(5) > 0 {
					if before := offset[tap*rows+m-1]; before < 0 {
						*at = before
					} else {
						*at = before + int32(step)
					}
				}
			}
		}
		ends := Runs(offset, taps, step)
		together := func(m int) bool { // row m continues the run of m-1
			for tap := range taps {
				a, b := offset[tap*rows+m-1], offset[tap*rows+m]
				if a < 0 != (b < 0) || a >= 0 && b-a != int32(step) {
					return false
				}
			}
			return true
		}
		for m := 1; m < rows; m++ {
			if slices.Contains(ends, int32(m)) == together(m) {
				t.Fatalf("runs of %v, step %d, end at %v", offset, step, ends)
			}
		}
		if ends[len(ends)-1] != int32(rows) {
			t.Fatalf("%d rows, but runs end at %v", rows, ends)
		}
		if n := Longest(ends); n < 1 || n > rows {
			t.Fatalf("the longest of runs that end at %v has %d rows", ends, n)
		}
	}
	if Runs(nil, 3, 1) != nil || Longest(nil) != 0 {
		t.Error("no rows make runs")
	}
}

func TestRunFindsOperands(t *testing.T) {
	x := Matrix[int]{X: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, Pad: []int{-1, -1}, Taps: 2, Depth: 2, Offset: []int32{0, 2, -1, 1}, Rows: 2, Image: 4, Base: 1}
	for _, c := range []struct {
		m, tap int
		want   []int
	}{{0, 0, []int{1, 2}}, {0, 1, []int{-1, -1}}, {1, 1, []int{2, 3}}, {3, 0, []int{7, 8}}} {
		if got := x.Run(c.m, c.tap); !slices.Equal(got, c.want) {
			t.Errorf("row %d, tap %d: %v, want %v", c.m, c.tap, got, c.want)
		}
	}
	if x.Together(1, 4) != 2 || x.Together(2, 3) != 3 {
		t.Error("rows of two images are walked over at once")
	}
	plain := Matrix[int]{X: x.X, Taps: 1, Depth: 3, Stride: 2, Base: 1}
	if got := plain.Run(2, 0); !slices.Equal(got, []int{5, 6, 7}) || plain.Together(0, 9) != 9 {
		t.Errorf("a plain row is %v", got)
	}
}
