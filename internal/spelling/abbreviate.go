package spelling

import (
	"fmt"
	"slices"
	"strings"
)

// Abbreviate joins the first n names.
func Abbreviate(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(slices.Concat(names[:n], []string{fmt.Sprintf("... (%d more)", len(names)-n)}), ", ")
}
