package elementwise32

import (
	"github.com/octet-ml/octet/internal/real32"
	"github.com/octet-ml/octet/quant"
)

// Reference is the oracle of all rows.
func Reference(c *Call, f Function) {
	for i := range c.Out {
		v := c.A[i]
		switch f {
		case LeakyReLU:
			c.Out[i] = quant.LeakyReLU(v, c.Lo)
			continue
		case Blend:
			c.Out[i] = float32(v*c.Lo) + float32(c.B[i]*c.Hi)
			continue
		case Add:
			v += c.B[i]
		case Mul:
			v *= c.B[i]
		case Affine:
			v = float32(v*c.B[i]) + c.C[i]
		case Hardswish:
			v = quant.Hardswish(v)
		case Hardsigmoid:
			v = quant.Hardsigmoid(v)
		case Sigmoid:
			v = real32.Sigmoid(v)
		case Sub:
			v -= c.B[i]
		case Div:
			v /= c.B[i]
		case SiLU:
			v = real32.SiLU(v)
		case Tanh:
			v = real32.Tanh(v)
		case GELU:
			v = real32.GELU(v)
		case GELUTanh:
			v = real32.GELUTanh(v)
		}
		c.Out[i] = c.clamp(v)
	}
}
