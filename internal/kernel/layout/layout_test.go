package layout

import "testing"

func TestTranspose(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		for _, rows := range []int{1, 2, 31, 32, 33, 65} {
			for _, cols := range []int{1, 3, 32, 64, 67} {
				src, dst := make([]int, n*rows*cols), make([]int, n*rows*cols)
				for i := range src {
					src[i] = i + 1
				}
				Transpose(dst, src, n, rows, cols)
				for i := range n {
					for r := range rows {
						for c := range cols {
							if got, want := dst[(i*cols+c)*rows+r], src[(i*rows+r)*cols+c]; got != want {
								t.Fatalf("%d of %dx%d: [%d][%d] is %d, want %d", i, rows, cols, c, r, got, want)
							}
						}
					}
				}
			}
		}
	}
}
