package spelling

import "strings"

// Near returns the word of a list that is nearest to the typed one; empty where none
// is near: more than a third of the letters would have to change.
func Near(typed string, words []string) string {
	best, least := "", len(typed)/3+1
	if len(typed) < 3 {
		least = 1
	}
	for _, w := range words {
		d := Distance(strings.ToLower(typed), strings.ToLower(w))
		if len(typed) >= 3 && strings.HasPrefix(w, typed) { // cut off rather than mistyped
			d = min(d, 1)
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
}

// Distance is the number of bytes to insert, delete or replace, or of neighbours to
// swap, to make b of a (Damerau-Levenshtein, without edits of swapped bytes).
func Distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			d := row[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
		}
		before, row = row, next
	}
	return row[len(b)]
}
