package layout

// tile keeps the lines that a block touches in the first-level cache.
const tile = 32

// Transpose writes the transposed rows x cols matrix src to dst:
//
//	dst[c*rows + r] = src[r*cols + c]
//
// for each of n matrices that follow each other. Channels-last from row-major is
// rows = channels, cols = pixels; the way back swaps the two.
func Transpose[T any](dst, src []T, n, rows, cols int) {
	size := rows * cols
	for i := range n {
		transpose(dst[i*size:(i+1)*size], src[i*size:(i+1)*size], rows, cols, cols)
	}
}

// transpose is for one matrix, whose rows are stride elements apart.
func transpose[T any](dst, src []T, rows, cols, stride int) {
	if rows == 1 || cols == 1 && stride == 1 {
		copy(dst[:rows*cols], src)
		return
	}
	for r0 := 0; r0 < rows; r0 += tile {
		r1 := min(r0+tile, rows)
		for c0 := 0; c0 < cols; c0 += tile {
			c1 := min(c0+tile, cols)
			for c := c0; c < c1; c++ {
				line := dst[c*rows+r0 : c*rows+r1]
				at := r0*stride + c
				for i := range line {
					line[i] = src[at]
					at += stride
				}
			}
		}
	}
}
