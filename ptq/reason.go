package ptq

// Reason says why a node stays in float.
type Reason uint8

// The reasons.
const (
	NotFloat        Reason = iota // it does not
	Excluded                      // a pattern of Options.Exclude covers it
	FloatReaders                  // all readers of its result are float
	FloatInput                    // it only moves or selects elements, and its input is float
	ComputedWeight                // its weight is computed, not a parameter
	UnfoldedNorm                  // a batch norm without a layer in front of it
	NoInt8Form                    // its operator computes on real numbers
	ConstantOperand               // an operand is a constant, which no observer sees
	PostProcessing                // no layer with weights follows it
	FloatOperand                  // an operand is float
	Averages                      // it averages a whole image, finer than codes
	Sensitive                     // kept in float by a search for a target SQNR (Fix)
	Unweighted                    // dynamic quantization leaves what has no constant weight in float
	FloatWeight                   // its weight is float in a model that was quantized elsewhere
)

// ByChoice reports whether the node stays in float because a user or a rule chose so, for it or
// its neighbours, and not for lack of an int8 form.
func (r Reason) ByChoice() bool {
	return r == Excluded || r == FloatReaders || r == FloatInput || r == FloatOperand || r == Averages || r == Sensitive || r == Unweighted || r == FloatWeight
}
