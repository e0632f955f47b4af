package layout

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	Name     string // <transpose|interleave2|interleave3>_<x8|x32>_<isa>
	ISA      string
	Size     int // bytes of an element
	Rows     int // of the matrix; 0 for any
	Requires cpu.Features
	Run      func(*Call)
}

// Call is one matrix, or some columns of one. Dst and Src are the memory of its
// elements.
type Call struct {
	Dst, Src   []byte
	Rows, Cols int
	Stride     int // elements between two rows of Src
}

// Table lists the kernels, best first.
var Table = append(archTable,
	Kernel{Name: "transpose_x8_go", ISA: "go", Size: 1, Run: func(c *Call) { transpose(c.Dst, c.Src, c.Rows, c.Cols, c.Stride) }},
	Kernel{Name: "transpose_x32_go", ISA: "go", Size: 4, Run: func(c *Call) {
		transpose(elements[uint32](c.Dst), elements[uint32](c.Src), c.Rows, c.Cols, c.Stride)
	}},
)

// Select returns the first row of table for elements of size bytes and matrices
// of so many rows that runs on a machine with features f.
func Select(table []Kernel, size, rows int, f cpu.Features) *Kernel {
	for i := range table {
		k := &table[i]
		if k.Size == size && (k.Rows == 0 || k.Rows == rows) && f.Has(k.Requires) {
			return k
		}
	}
	panic("layout: no kernel for " + f.String())
}

func elements[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}
