package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Relation is a comparison of two numbers, or a function of two truth values or of the bits of
// two whole numbers, under its name in package torch: a row of the table relations. Operands
// broadcast as NumPy's do.
//
// Inputs: a, b of one type. Result: the shape that both broadcast to; bool of comparisons.
type Relation struct {
	Name string `json:"name"` // without "torch.": eq, logical_and, bitwise_or
}

var relations = map[string]PairFunctions{
	"bitwise_and":         {Whole: func(a, b int64) (int64, error) { return a & b, nil }},
	"bitwise_left_shift":  {Whole: func(a, b int64) (int64, error) { return a << bitsOf(b), nil }},
	"bitwise_or":          {Whole: func(a, b int64) (int64, error) { return a | b, nil }},
	"bitwise_right_shift": {Whole: func(a, b int64) (int64, error) { return a >> bitsOf(b), nil }},
	"bitwise_xor":         {Whole: func(a, b int64) (int64, error) { return a ^ b, nil }},
	"eq":                  {RealTest: equal[float32], WholeTest: equal[int64], Truth: equal[bool]},
	"ge":                  {RealTest: func(a, b float32) bool { return a >= b }, WholeTest: func(a, b int64) bool { return a >= b }},
	"gt":                  {RealTest: func(a, b float32) bool { return a > b }, WholeTest: func(a, b int64) bool { return a > b }},
	"le":                  {RealTest: func(a, b float32) bool { return a <= b }, WholeTest: func(a, b int64) bool { return a <= b }},
	"logical_and":         {Truth: func(a, b bool) bool { return a && b }},
	"logical_or":          {Truth: func(a, b bool) bool { return a || b }},
	"logical_xor":         {Truth: func(a, b bool) bool { return a != b }},
	"lt":                  {RealTest: func(a, b float32) bool { return a < b }, WholeTest: func(a, b int64) bool { return a < b }},
	"ne":                  {RealTest: differ[float32], WholeTest: differ[int64], Truth: differ[bool]},
}

func equal[T comparable](a, b T) bool  { return a == b }
func differ[T comparable](a, b T) bool { return a != b }

// bitsOf limits the distance of a shift to 64 bits, at which only the sign is left of a shift
// to the right. A negative distance counts as 64.
func bitsOf(n int64) uint64 { return min(uint64(n), 64) }

// Kind is the name of the function.
func (o Relation) Kind() string { return o.Name }

// Functions is the row of the table.
func (o Relation) Functions() PairFunctions { return relations[o.Name] }

// Signatures: the types that the function has; comparisons give bool.
func (o Relation) Signatures() []graph.Signature { return o.Functions().signatures() }

// Infer returns the shape that both broadcast to.
func (o Relation) Infer(in []graph.Fact) ([]graph.Type, error) { return inferPaired(o, in) }

// Eval applies the function to each pair.
func (o Relation) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalPaired(o, in, out[0])
}
