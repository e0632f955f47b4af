package pool8

import "encoding/binary"

func runMax(c *Call) {
	n := c.Channels
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		out := c.Out[m*n:][:n]
		clear(out)
		for _, at := range cells {
			maxInto(out, c.X[image+int(at):][:n])
		}
	}
}

// maxInto takes the larger of each pair of codes, eight at a time.
func maxInto(out, x []uint8) {
	for len(out) >= 8 && len(x) >= 8 {
		a, b := binary.LittleEndian.Uint64(out), binary.LittleEndian.Uint64(x)
		binary.LittleEndian.PutUint64(out, max8(a, b))
		out, x = out[8:], x[8:]
	}
	for i, v := range x[:len(out)] {
		out[i] = max(out[i], v)
	}
}

// max8 is the larger of each of eight pairs of bytes.
func max8(a, b uint64) uint64 {
	const high = 0x8080808080808080
	// The high bit of each byte of low says that the low seven bits of a are not
	// below those of b; it cannot borrow from its neighbour.
	low := (a | high) - (b &^ high)
	notBelow := (a&^b | ^(a^b)&low) & high
	mask := notBelow >> 7 * 0xff
	return a&mask | b&^mask
}

func runAverage(c *Call) {
	n := c.Channels
	acc := c.Acc[:n]
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		clear(acc)
		for _, at := range cells {
			x := c.X[image+int(at):][:n]
			for i, v := range x {
				acc[i] += int32(v)
			}
		}
		out := c.Out[m*n:][:n]
		for i, sum := range acc {
			out[i] = uint8(c.Rule.Code(sum, len(cells), c.Mult[m%c.Rows]))
		}
	}
}
