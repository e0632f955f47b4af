package layout

// Reference is the oracle of all rows, for elements of size bytes.
func Reference(c *Call, size int) {
	for row := range c.Rows {
		for col := range c.Cols {
			copy(c.Dst[(col*c.Rows+row)*size:][:size], c.Src[(row*c.Stride+col)*size:])
		}
	}
}
