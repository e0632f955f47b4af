package operand

// Runs divides the rows of an indirection buffer, offset [taps][rows], into runs of
// equally spaced rows: each row starts step elements after the one before it at every tap,
// except taps that are padding for the whole run. It returns where each run ends.
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
