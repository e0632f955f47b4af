package octet

import "fmt"

// Assumption is what neither the file nor an option said about a model, and what was
// taken for it.
type Assumption struct {
	Kind AssumptionKind `json:"kind"` // what it is about
	Text string         `json:"text"` // a sentence
}

// AssumptionKind says what an Assumption is about.
type AssumptionKind string

// The kinds of assumptions.
const (
	AssumedArch      AssumptionKind = "architecture"
	AssumedVariant   AssumptionKind = "variant"   // of the architecture: its head, its stem, a transform of the input
	AssumedKey       AssumptionKind = "key"       // which state dict of the file it is
	AssumedPrefix    AssumptionKind = "prefix"    // what wrappers put into the keys
	AssumedLeftOut   AssumptionKind = "left_out"  // keys that are no part of the network
	AssumedPruned    AssumptionKind = "pruned"    // weights computed of a weight and its mask
	AssumedConverted AssumptionKind = "converted" // a prepared model was converted
	AssumedNumerics  AssumptionKind = "numerics"  // backend and ranges of codes
	AssumedPreset    AssumptionKind = "preset"    // how images are prepared
)

// String is the sentence.
func (a Assumption) String() string { return a.Text }

func (m *Model) assume(kind AssumptionKind, format string, args ...any) {
	m.assumed = append(m.assumed, Assumption{kind, fmt.Sprintf(format, args...)})
}
