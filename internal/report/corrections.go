package report

import (
	"fmt"
	"slices"
	"strings"
)

// corrections are what the variant was corrected with, in words; empty for none.
func (v *Variant) corrections() string {
	return strings.NewReplacer("--", "", "=", " ").Replace(strings.Join(v.Corrections, " "))
}

// findCorrections compares variants with the same recipe without corrections.
func (c *Comparison) findCorrections(add adder) {
	gains := map[string][]string{}
	var order []string
	for i := range c.Variants {
		v := &c.Variants[i]
		for j := range c.Variants {
			w := &c.Variants[j]
			same := v.Backend == w.Backend && v.QConfig == w.QConfig && v.Weights == w.Weights && slices.Equal(v.Excluded, w.Excluded)
			if !v.byRecipe() || !w.byRecipe() || !same || len(v.Corrections) == 0 || len(w.Corrections) > 0 || !v.Outputs.SQNR.Known() || !w.Outputs.SQNR.Known() {
				continue
			}
			name := v.corrections()
			if gains[name] == nil {
				order = append(order, name)
			}
			gains[name] = append(gains[name], fmt.Sprintf("%s dB with %s %s", signed(float64(v.Outputs.SQNR-w.Outputs.SQNR)), recipe(v), v.Weights))
		}
	}
	for _, name := range order {
		add("What %s changes: %s.", name, strings.Join(gains[name], ", "))
	}
}
