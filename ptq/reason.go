package ptq

// Reason says why a node stays in float.
type Reason uint8

// The reasons.
const (
	NotFloat        Reason = iota // it does not
	Excluded                      // a pattern of Options.Exclude covers it
	FloatReaders                  // it would make codes that nobody reads
	FloatInput                    // it only moves or selects, and what it is given is float
	ComputedWeight                // its weight is no parameter
	UnfoldedNorm                  // a batch norm without a layer in front of it
	NoInt8Form                    // its operator computes on real numbers
	ConstantOperand               // an operand is a constant, which no observer sees
	PostProcessing                // no layer with weights follows it
	FloatOperand                  // an operand is float
	Averages                      // it averages more values than codes tell apart
	Sensitive                     // the outputs lose too much with it on codes
)

// ByChoice reports whether the node stays in float because it, or a node beside it,
// was excluded, or since codes would cost too much: nothing that a user would not expect.
func (r Reason) ByChoice() bool {
	return r == Excluded || r == FloatReaders || r == FloatInput || r == FloatOperand || r == Averages || r == Sensitive
}
