package inputs

import (
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/spelling"
)

// NonFinite counts NaN and infinities in the inputs of one reading.
type NonFinite struct {
	octet.NonFinite
	Names []string `json:"names"` // of the first inputs
}

// namedNonFinite bounds Names.
const namedNonFinite = 20

// see counts a batch, and returns an error for --strict.
func (n *NonFinite) see(b *dataset.Batch) error {
	found, rows := octet.CountNonFinite(b.Input)
	n.Add(found)
	for _, row := range rows {
		if len(n.Names) < namedNonFinite {
			n.Names = append(n.Names, b.Names[row])
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return fmt.Errorf("%s holds NaN or infinite values (%v in %d inputs of its batch): check how it was made", b.Names[rows[0]], found, len(rows))
}

// report warns after a reading.
func (n *NonFinite) report(c *console.Console) {
	if n.Inputs > 0 {
		c.Warn("%s; what the model says about them means nothing, and codes of an int8 model do not show it; --strict stops at such inputs", n)
	}
}

// Found is n for a document; nil where there is nothing to say.
func (n *NonFinite) Found() *NonFinite {
	if n.Inputs == 0 {
		return nil
	}
	return n
}

// String names the inputs.
func (n *NonFinite) String() string {
	names := spelling.Abbreviate(n.Names, 3)
	if more := n.Inputs - len(n.Names); more > 0 {
		names += fmt.Sprintf(", and %d more", more)
	}
	return fmt.Sprintf("%d inputs hold NaN or infinite values (%v): %s", n.Inputs, n.NonFinite, names)
}
