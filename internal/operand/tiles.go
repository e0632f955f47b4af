package operand

// Tiles chooses, when done of rows rows are computed, the tiles that come next:
// count of them, of the height at index in heights, one below the other from row
// first on. Heights ascend from 1. What is left over and nearly fills a tile is
// computed by one that overlaps the rows before it. Where there are tiles of every height,
// few rows are not left alone: the last tile and they are cut in two.
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
