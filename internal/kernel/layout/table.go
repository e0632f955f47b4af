package layout

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named <transpose|interleave2|interleave3>_<x8|x32>_<isa>

	Size int         // bytes of an element
	Rows int         // of the matrix; 0 for any
	Run  func(*Call) // transposes a whole call
}

// Call is one matrix, or some columns of one: Src has Rows rows of Cols elements, Dst gets
// the transpose, without gaps. Both are the memory of the elements.
type Call struct {
	Dst, Src   []byte
	Rows, Cols int
	Stride     int // elements between two rows of Src
}

// Table lists the kernels, best first.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "transpose_x8_go", ISA: "go"}, Size: 1, Run: func(c *Call) { transpose(c.Dst, c.Src, c.Rows, c.Cols, c.Stride) }},
	Kernel{Row: kernel.Row{Name: "transpose_x32_go", ISA: "go"}, Size: 4, Run: func(c *Call) {
		transpose(elements[uint32](c.Dst), elements[uint32](c.Src), c.Rows, c.Cols, c.Stride)
	}},
)

// Select returns the first row of table for elements of size bytes and matrices
// of so many rows that runs on a machine with features f.
func Select(table []Kernel, size, rows int, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Size == size && (k.Rows == 0 || k.Rows == rows) })
}

func elements[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}
