//go:build (amd64 || arm64) && !noasm

package layout

// planes is the argument of an assembly routine: blocks of a vector of each of
// two or three planes.
type planes struct {
	src, dst *byte
	plane    int // bytes between two planes
	blocks   int
}

// planes describes the whole blocks of elements; false where there are none.
func (c *Call) planes(size, block int) (planes, bool) {
	blocks := c.Cols / block
	if blocks == 0 {
		return planes{}, false
	}
	_ = c.Src[((c.Rows-1)*c.Stride+c.Cols)*size-1]
	_ = c.Dst[c.Rows*c.Cols*size-1]
	return planes{&c.Src[0], &c.Dst[0], c.Stride * size, blocks}, true
}
