package elementwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

// Function is what a kernel computes.
type Function uint8

// The functions. Map and Pair are driven by tables of all results, the others
// by the constants of a rule.
const (
	Map Function = iota
	Pair
	AddFloat  // quant.Add by its float rule, on quint8
	AddSigned // the same on qint8
	AddFixed  // quant.Add by its fixed-point rule
	Mul       // quant.Mul
	MulEarly  // quant.Mul where the zero point is added before rounding

	AddRatio       // quant.Add by ONNX Runtime's rule, on quint8
	AddRatioSigned // the same on qint8
)

// String returns the function's name in kernel names.
func (f Function) String() string {
	return [...]string{"map", "pair", "addfloat", "addsigned", "addfixed", "mul", "mulearly", "addratio", "addratiosigned"}[f]
}

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named elementwise_<function>_<x8|u8|s8>_<isa>

	Function Function    // which of the functions it computes
	Run      func(*Call) // computes a whole call
}

// Unary is a function of one code, Binary of two: [a][b].
type (
	Unary  [256]uint8
	Binary [256][256]uint8
)

// Call is an array of codes, those of qint8 128 higher. A and B are the operands that the
// function has, as long as Out, which may be one of them. Of the rules and tables, a
// kernel reads the one of its function.
type Call struct {
	A, B     []uint8
	Out      []uint8
	Unary    *Unary             // table of a function of one operand
	Binary   *Binary            // table of a function of two
	AddFloat quant.AddFloat     // rule of an addition in float32
	AddFixed quant.AddFixed     // that of qnnpack, in int32
	AddRatio quant.AddRatio     // that of onnx, fused multiply-adds
	Mul      quant.MulConstants // rule of a multiplication
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "elementwise_map_x8_go", ISA: "go"}, Run: runMap},
	Kernel{Row: kernel.Row{Name: "elementwise_pair_x8_go", ISA: "go"}, Function: Pair, Run: runPair},
)

// Select returns the first row of table with that function that runs on a
// machine with features f; nil if there is none. For Map and Pair there always is one.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.Select(table, f, func(k *Kernel) bool { return k.Function == function })
}

// Prepare returns the kernel for a rule of two operands, and a call with the rule's
// constants, or with the table of all results if no kernel computes the rule. Exactly one
// of add and mul is given. signed says that codes are qint8.
func Prepare(table []Kernel, add *quant.Add, mul *quant.Mul, signed bool, f cpu.Features) (*Kernel, Call) {
	if k, c := computed(table, add, mul, signed, f); k != nil {
		return k, c
	}
	k := Select(table, Pair, f)
	if add != nil {
		return k, Call{Binary: NewBinary(signed, add.Code)}
	}
	return k, Call{Binary: NewBinary(signed, mul.Code)}
}

func computed(table []Kernel, add *quant.Add, mul *quant.Mul, signed bool, f cpu.Features) (*Kernel, Call) {
	if mul != nil {
		c := mul.Constants()
		if signed {
			c = c.Unsigned()
		}
		product := Mul
		if c.Early {
			product = MulEarly
		}
		return Select(table, product, f), Call{Mul: c}
	}
	if rule, ok := add.Ratio(); ok {
		sum := AddRatio
		if signed {
			sum = AddRatioSigned
		}
		return Select(table, sum, f), Call{AddRatio: rule}
	}
	if rule, ok := add.Float(); ok {
		sum := AddFloat
		if signed {
			sum = AddSigned
		}
		return Select(table, sum, f), Call{AddFloat: rule}
	}
	if rule, ok := add.Fixed(); ok {
		return Select(table, AddFixed, f), Call{AddFixed: rule}
	}
	return nil, Call{}
}

// NewUnary tabulates f. signed says that codes are qint8.
func NewUnary(signed bool, f func(int32) int32) *Unary {
	t, lo := new(Unary), lowest(signed)
	for i := range t {
		t[i] = uint8(f(int32(i)+lo) - lo)
	}
	return t
}

// NewBinary tabulates f. signed says that codes are qint8.
func NewBinary(signed bool, f func(a, b int32) int32) *Binary {
	t, lo := new(Binary), lowest(signed)
	for a := range t {
		for b := range t[a] {
			t[a][b] = uint8(f(int32(a)+lo, int32(b)+lo) - lo)
		}
	}
	return t
}

// lowest is the code that is stored as 0.
func lowest(signed bool) int32 {
	if signed {
		return -128
	}
	return 0
}
