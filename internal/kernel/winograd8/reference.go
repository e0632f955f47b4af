package winograd8

import "github.com/octet-ml/octet/quant"

// Reference is the oracle of all rows: the convolution itself, over weights w,
// [out][tap][in], that nobody has transformed, and codes by q.
func Reference(c *Call, w []int8, q *quant.Requant) {
	in := c.W.In
	for m := c.M0; m < c.M1; m++ {
		for pixel := range 4 {
			at := int(c.To[pixel*c.Rows+m%c.Rows])
			if at < 0 {
				continue
			}
			at += m / c.Rows * c.OutImage
			for n := c.N0; n < c.N1; n++ {
				var sum int32
				for tap := range 9 {
					x := c.Matrix.Run(m, (pixel/2+tap/3)*4+pixel%2+tap%3)
					for d, code := range x {
						sum += (int32(code) - int32(c.Pad[0])) * int32(w[(n*9+tap)*in+d])
					}
				}
				c.Out[at+n] = uint8(q.Code(sum, n))
			}
		}
	}
}
