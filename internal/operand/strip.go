package operand

import "unsafe"

// Strip is the argument of an assembly routine that makes rows of a matrix into columns,
// blocks of some columns at a time.
type Strip struct {
	src, dst unsafe.Pointer
	stride   int // bytes from row to row of the source
	line     int // bytes from column to column of the result
	blocks   int
}

// Across returns the strip whose first row begins at src and whose first column goes to
// dst, for elements that are so far apart from row to row and from column to column.
func Across[T any](src, dst *T, stride, line, blocks int) Strip {
	size := int(unsafe.Sizeof(*src))
	return Strip{unsafe.Pointer(src), unsafe.Pointer(dst), stride * size, line * size, blocks}
}
