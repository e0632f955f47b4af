package zoo

import (
	"cmp"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/spelling"
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
			d := min(spelling.Distance(wanted, plainName(full)), 1+spelling.Distance(wanted, plainName(e.name)),
				1+spelling.Distance(wanted, plainName(e.members[0].Arch)))
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
