package main

import (
	"fmt"

	"github.com/octet-ml/octet"
)

// nonFinite is what a reading of the inputs has found of NaN and infinities.
type nonFinite struct {
	octet.NonFinite
	Names []string `json:"names"` // of the first inputs
}

// namedNonFinite bounds Names.
const namedNonFinite = 20

// see takes in a batch and returns an error for --strict.
func (n *nonFinite) see(b batch) error {
	found, rows := octet.CountNonFinite(b.x)
	n.Add(found)
	for _, row := range rows {
		if len(n.Names) < namedNonFinite {
			n.Names = append(n.Names, b.names[row])
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return fmt.Errorf("%s holds NaN or infinite values (%v in %d inputs of its batch): check how it was made", b.names[rows[0]], found, len(rows))
}

// report warns behind a reading.
func (n *nonFinite) report(c *console) {
	if n.Inputs > 0 {
		c.warn("%s; what the model says about them means nothing, and codes of an int8 model do not show it; --strict stops at such inputs", n)
	}
}

// found is n for a document; nil where there is nothing to say.
func (n *nonFinite) found() *nonFinite {
	if n.Inputs == 0 {
		return nil
	}
	return n
}

// String names the inputs.
func (n *nonFinite) String() string {
	names := abbreviate(n.Names, 3)
	if more := n.Inputs - len(n.Names); more > 0 {
		names += fmt.Sprintf(", and %d more", more)
	}
	return fmt.Sprintf("%d inputs hold NaN or infinite values (%v): %s", n.Inputs, n.NonFinite, names)
}
