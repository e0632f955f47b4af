package rows32

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// softmax is plain Go. Exponentials and their sum are float32 and float64.
func softmax(c *Call) {
	for at := 0; at < len(c.X); at += c.N {
		x, out := c.X[at:at+c.N], c.Out[at:at+c.N]
		largest := float32(math.Inf(-1))
		for _, v := range x {
			largest = max(largest, v) // NaN stays
		}
		sum := 0.0
		for i, v := range x {
			out[i] = quant.Exp(v - largest)
			sum += float64(out[i])
		}
		inverse := float32(1 / sum)
		for i, v := range out {
			out[i] = v * inverse
		}
	}
}

// layerNorm is plain Go; moments are float64.
func layerNorm(c *Call) {
	for at := 0; at < len(c.X); at += c.N {
		x, out := c.X[at:at+c.N], c.Out[at:at+c.N]
		mean := 0.0
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(c.N)
		variance := 0.0
		for _, v := range x {
			d := float64(v) - mean
			variance += float64(d * d)
		}
		scale := 1 / math.Sqrt(variance/float64(c.N)+float64(c.Eps))
		for i, v := range x {
			out[i] = float32(float64(float64(float64(v)-mean)*scale)*float64(c.Weight[i])) + c.Bias[i]
		}
	}
}
