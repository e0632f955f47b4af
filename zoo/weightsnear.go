package zoo

import (
	"cmp"
	"slices"
	"strings"
)

// nearWeights lists the names of weights that a mistyped name may have meant,
// closest first: at most four.
func nearWeights(name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	wanted := plainName(name)
	for _, e := range weightsEnums {
		for _, member := range e.memberNames() {
			full := e.name + "." + member
			// What was typed may be a part only: an architecture, an enum.
			d := min(editDistance(wanted, plainName(full)), 1+editDistance(wanted, plainName(e.name)),
				1+editDistance(wanted, plainName(e.members[0].Arch)))
			all = append(all, candidate{full, d})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range all[:4] {
		names = append(names, c.name)
	}
	return names
}

// plainName drops what is easily written differently.
func plainName(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// editDistance is the number of bytes to insert, delete or replace to make b of
// a (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
