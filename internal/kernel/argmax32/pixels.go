//go:build (amd64 || arm64) && !noasm

package argmax32

// pixels is the argument of an assembly routine.
type pixels struct {
	x, pad      *float32
	offset      *int32
	out         *float32
	which       *uint8
	taps, count int
	size        int // channels
	pixel       int // channels from one pixel to the next
}

func (c *Call) pixels() pixels {
	last := c.M1 * c.C
	return pixels{&c.X[0], &c.Pad[:c.C][0], &c.Offset[c.M0*c.Taps : c.M1*c.Taps][0], &c.Out[c.M0*c.C : last][0],
		&c.Which[c.M0*c.C : last][0], c.Taps, c.M1 - c.M0, c.C, c.C}
}
