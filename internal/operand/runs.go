package operand

// Runs divides the rows that offset, [taps][rows], describes into runs in which
// each row lies step elements behind the one before it, under every tap but those
// of padding, which are the same for all of the run. It returns where each ends.
func Runs(offset []int32, taps, step int) (ends []int32) {
	rows := len(offset) / max(1, taps)
	for m := 1; m < rows; m++ {
		for t := range taps {
			before, next := offset[t*rows+m-1], offset[t*rows+m]
			if together := before < 0 && next < 0 || before >= 0 && next == before+int32(step); !together {
				ends = append(ends, int32(m))
				break
			}
		}
	}
	if rows > 0 {
		ends = append(ends, int32(rows))
	}
	return ends
}

// Longest is the largest number of rows in a run.
func Longest(ends []int32) int {
	longest, from := int32(0), int32(0)
	for _, end := range ends {
		longest, from = max(longest, end-from), end
	}
	return int(longest)
}
