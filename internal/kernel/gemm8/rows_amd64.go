//go:build !noasm

package gemm8

// copyRows copies the rows of the call, pitch apart, the runs of a row run apart. Zeros are
// between them.
func (c *Call) copyRows(to []uint8, pitch, run int) {
	clear(to)
	for m := c.M0; m < c.M1; m++ {
		for t := range c.Taps {
			copy(to[(m-c.M0)*pitch+t*run:], c.Matrix.Run(m, t))
		}
	}
}
