package rows32

import "math"

// Reference computes a call in float64 and rounds each result once.
func Reference(c *Call, f Function) {
	for at := 0; at < len(c.X); at += c.N {
		x, out := c.X[at:at+c.N], c.Out[at:at+c.N]
		if f == Softmax {
			referenceSoftmax(x, out)
		} else {
			referenceLayerNorm(c, x, out)
		}
	}
}

func referenceSoftmax(x, out []float32) {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		largest = max(largest, float64(v))
	}
	e := make([]float64, len(x))
	for i, v := range x {
		e[i] = math.Exp(float64(v) - largest)
		sum += e[i]
	}
	for i, v := range e {
		out[i] = float32(v / sum)
	}
}

func referenceLayerNorm(c *Call, x, out []float32) {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	scale := 1 / math.Sqrt(variance/float64(len(x))+float64(c.Eps))
	for i, v := range x {
		out[i] = float32((float64(v)-mean)*scale*float64(c.Weight[i]) + float64(c.Bias[i]))
	}
}
