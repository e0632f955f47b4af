package rows32

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/internal/real32"
)

// pass is the argument of a pass over a row: what a routine in assembly sees of it.
type pass struct {
	x, out       *float32
	weight, bias *float32
	vectors      int // whole ones, of as many numbers as the instruction set has
	mean, scale  float64
	value        float32
	_            float32
	sums         [lanes]float64
	most         [wide]float32
}

const (
	// lanes is the number of accumulators of a row: number i belongs to accumulator i%lanes,
	// with any instruction set.
	lanes = 8
	// wide is the largest number of numbers in a vector.
	wide = 16
)

// routine names a pass.
type routine uint8

const (
	largest      routine = iota // most = max(most, x), leaving NaN out
	exponentials                // out = e^(x - value), which is added to sums
	scale                       // out = x * value
	sums                        // sums += x
	squares                     // sums += (x - mean)^2
	normalize                   // out = (x - mean) * scale * weight + bias
)

// over runs a routine over the whole vectors of width numbers in x, and returns how many
// numbers these are. Width 0 is for plain Go, which does it all.
func (p *pass) over(r routine, width int, x, out []float32) int {
	if width == 0 || len(x) < width {
		return 0
	}
	p.vectors, p.x = len(x)/width, &x[0]
	if out != nil {
		p.out = &out[0]
	}
	p.run(r, width)
	return p.vectors * width
}

// total adds the accumulators, in a fixed order.
func (p *pass) total() float64 {
	s := &p.sums
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// softmax has float32 exponentials and a sum of them in float64.
func softmax(c *Call, width int) {
	var p pass
	for at := 0; at < len(c.X); at += c.N {
		x, out := c.X[at:at+c.N], c.Out[at:at+c.N]
		p.value = p.max(x, width)
		p.sums = [lanes]float64{}
		whole := p.over(exponentials, width, x, out)
		p.exponentialsOfTail(c, width, x[whole:], out[whole:])
		p.value = float32(1 / p.total())
		for i := p.over(scale, width, out, out); i < len(out); i++ {
			out[i] *= p.value
		}
	}
}

// leastOfAll are the numbers that none is below.
var leastOfAll = [wide]float32(slices.Repeat([]float32{float32(math.Inf(-1))}, wide))

// max is the largest number of x, without NaN.
func (p *pass) max(x []float32, width int) float32 {
	p.most = leastOfAll
	whole := p.over(largest, width, x, nil)
	most := leastOfAll[0]
	for _, rest := range [2][]float32{p.most[:width], x[whole:]} {
		for _, v := range rest {
			if v > most {
				most = v
			}
		}
	}
	return most
}

// exponentialsOfTail is exponentials for the numbers after the last whole vector.
func (p *pass) exponentialsOfTail(c *Call, width int, x, out []float32) {
	if width == 0 {
		for i, v := range x {
			out[i] = real32.Exp(v - p.value)
			p.sums[i%lanes] += float64(out[i])
		}
		return
	}
	if len(x) == 0 {
		return
	}
	for i := copy(c.tail[:], x); i < wide; i++ {
		c.tail[i] = float32(math.Inf(-1)) // adds nothing
	}
	p.over(exponentials, width, c.tail[:width], c.tail[:width])
	copy(out, c.tail[:])
}

// layerNorm has moments in float64.
func layerNorm(c *Call, width int) {
	var p pass
	for at := 0; at < len(c.X); at += c.N {
		x, out := c.X[at:at+c.N], c.Out[at:at+c.N]
		p.sums = [lanes]float64{}
		for i := p.over(sums, width, x, nil); i < len(x); i++ {
			p.sums[i%lanes] += float64(x[i])
		}
		p.mean = p.total() / float64(c.N)
		p.sums = [lanes]float64{}
		for i := p.over(squares, width, x, nil); i < len(x); i++ {
			d := float64(x[i]) - p.mean
			p.sums[i%lanes] += float64(d * d)
		}
		p.scale = 1 / math.Sqrt(p.total()/float64(c.N)+float64(c.Eps))
		p.weight, p.bias = &c.Weight[0], &c.Bias[0]
		for i := p.over(normalize, width, x, out); i < len(x); i++ {
			out[i] = float32(float64(float64(float64(x[i])-p.mean)*p.scale)*float64(c.Weight[i])) + c.Bias[i]
		}
	}
}
