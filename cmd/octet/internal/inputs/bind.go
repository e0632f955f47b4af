package inputs

import (
	"maps"
	"slices"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/internal/latebound"
)

// BindMore turns more of a model's inputs, on whose data shapes depend, into constants, and
// notes which; sizes are shown in that note. It reports whether it bound any.
func (f *ModelFlags) BindMore(c *console.Console, in latebound.Inputs, sizes string) bool {
	before := f.Bound
	if !f.Bound.More(in) {
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(f.Bound.Constants)) {
		if before.Constants[name] == nil {
			c.Note("assumed: the input %s is a constant: shapes depend on it", name)
		}
	}
	if before.Shapes == nil && f.Bound.Shapes != nil {
		c.Note("assumed: inputs have always %s: what is computed depends on them", sizes)
	}
	return true
}
