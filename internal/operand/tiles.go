package operand

// Tiles chooses the next tiles when done of rows rows are computed: count tiles, of the
// height at index in heights, one below the other from row first on. Heights ascend from
// 1. If the remaining rows nearly fill a tile, that tile overlaps rows that are already
// computed. Where there are tiles of every height, a small remainder is avoided: it is
// joined with the last tile, and the two are cut in halves.
func Tiles(done, rows int, heights []int) (first, count, index int) {
	left, tallest := rows-done, heights[len(heights)-1]
	all := tallest == len(heights)
	if few := left % tallest; all && left > tallest && few > 0 && few <= tallest/2 {
		if full := left/tallest - 1; full > 0 {
			return done, full, tallest - 1
		}
		return done, 1, (left+1)/2 - 1
	}
	for i := len(heights) - 1; i > 0; i-- {
		h := heights[i]
		if h <= left {
			return done, left / h, i
		}
		if !all && h <= rows && h-left <= h/4 {
			return rows - h, 1, i
		}
	}
	return done, left, 0
}
