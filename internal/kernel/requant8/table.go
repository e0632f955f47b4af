package requant8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	Name     string // requant_s32u8_<isa>
	ISA      string
	Requires cpu.Features
	Run      func(*Call)
}

// Call is a block of sums.
type Call struct {
	Acc   []int32 // [M][N]
	M, N  int
	Rule  *quant.Requant
	First int // output channel of column 0
	Out   []uint8
	LD    int // distance of two rows of Out
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable, Kernel{Name: "requant_s32u8_go", ISA: "go", Run: run})

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	for i := range table {
		if f.Has(table[i].Requires) {
			return &table[i]
		}
	}
	panic("requant8: no kernel for " + f.String())
}

// Reference is the oracle of all rows.
func Reference(c *Call) {
	for m := range c.M {
		for n := range c.N {
			c.Out[m*c.LD+n] = uint8(c.Rule.Code(c.Acc[m*c.N+n], c.First+n))
		}
	}
}
