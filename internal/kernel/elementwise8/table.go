package elementwise8

import "github.com/octet-ml/octet/internal/cpu"

// Kernel is one implementation: a row of Table.
type Kernel struct {
	Name     string // elementwise_<map|pair>_x8_<isa>
	ISA      string
	Pair     bool
	Requires cpu.Features
	Run      func(*Call)
}

// Unary is a function of one code, Binary of two: [a][b].
type (
	Unary  [256]uint8
	Binary [256][256]uint8
)

// Call is a run of codes. Out may be A or B.
type Call struct {
	A, B   []uint8
	Out    []uint8
	Unary  *Unary
	Binary *Binary
}

// Table lists the kernels, best first. All are exact.
var Table = []Kernel{
	{Name: "elementwise_map_x8_go", ISA: "go", Run: runMap},
	{Name: "elementwise_pair_x8_go", ISA: "go", Pair: true, Run: runPair},
}

// Select returns the first row of table of that kind that runs on a machine
// with features f.
func Select(table []Kernel, pair bool, f cpu.Features) *Kernel {
	for i := range table {
		if table[i].Pair == pair && f.Has(table[i].Requires) {
			return &table[i]
		}
	}
	panic("elementwise8: no kernel for " + f.String())
}

// NewUnary tabulates f. signed says that codes are qint8.
func NewUnary(signed bool, f func(int32) int32) *Unary {
	t := new(Unary)
	for i := range t {
		t[i] = uint8(f(code(i, signed)))
	}
	return t
}

// NewBinary tabulates f. signed says that codes are qint8.
func NewBinary(signed bool, f func(a, b int32) int32) *Binary {
	t := new(Binary)
	for a := range t {
		for b := range t[a] {
			t[a][b] = uint8(f(code(a, signed), code(b, signed)))
		}
	}
	return t
}

func code(bits int, signed bool) int32 {
	if signed {
		return int32(int8(bits))
	}
	return int32(bits)
}
