package operand

// Tiles chooses, when done of rows rows are computed, the tiles that come next:
// count of them, of the height at index in heights, one below the other from row
// first on. Heights ascend from 1. What is left over and nearly fills a tile is
// computed by one that overlaps the rows before it.
func Tiles(done, rows int, heights []int) (first, count, index int) {
	left := rows - done
	for i := len(heights) - 1; i > 0; i-- {
		h := heights[i]
		if h <= left {
			return done, left / h, i
		}
		if h <= rows && h-left <= h/4 {
			return rows - h, 1, i
		}
	}
	return done, left, 0
}
