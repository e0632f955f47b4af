package hashweights

import (
	"math"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// Uniform returns n numbers in [-1, 1), multiples of 2^-23:
//
//	base = fnv1a64(name) + seed * 0x9E3779B97F4A7C15
//	h    = splitmix64(base + index * 0x9E3779B97F4A7C15)
//	x    = (h >> 40) * 2^-23 - 1
//
// all in arithmetic modulo 2^64; splitmix64 is its finalizer.
func Uniform(name string, n int, seed uint64) []float32 {
	const golden = 0x9E3779B97F4A7C15
	state := fnv1a(name) + seed*golden
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(mix(state)>>40)*0x1p-23 - 1
		state += golden
	}
	return x
}

func fnv1a(s string) uint64 {
	h := uint64(0xCBF29CE484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001B3
	}
	return h
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Model makes the float parameters of a network. Exponents hold, for each batch
// norm, the power of two that its input's variance is near, and for each
// linear layer that of its bias, so that activations keep a sane range through
// the depth and logits spread; a missing name means 0.
type Model struct {
	Seed      uint64 // other weights for every value
	Exponents map[string]int
}

// Parameter returns the tensor of a key of PyTorch's state dict:
//
//	weight of rank 2 and more   u * f32(sqrt(6 / fan_in))
//	weight of a batch norm      1 + u/2
//	bias of a batch norm        u/4
//	running_mean                u/8 * 2^floor(e/2)
//	running_var                 (1 + u/4) * 2^e
//	bias of a linear layer      u * 2^e
//
// with u from Uniform and e the module's exponent; norm says whether the key
// belongs to a batch norm.
func (m Model) Parameter(key string, norm bool, shape ...int) *tensor.Tensor {
	u := Uniform(key, tensor.Shape(shape).Numel(), m.Seed)
	dot := strings.LastIndexByte(key, '.')
	module, kind := key[:dot], key[dot+1:]
	e := m.Exponents[module]
	scale, offset := float32(math.Ldexp(1, e)), float32(0)
	switch {
	case kind == "weight" && len(shape) > 1:
		scale = float32(math.Sqrt(6 / float64(tensor.Shape(shape[1:]).Numel())))
	case norm && kind == "weight":
		scale, offset = 0.5, 1
	case norm && kind == "bias":
		scale = 0.25
	case kind == "running_mean":
		scale = float32(math.Ldexp(0.125, floorHalf(e)))
	case kind == "running_var":
		scale, offset = scale/4, scale
	}
	for i, v := range u {
		u[i] = float32(v*scale) + offset
	}
	return tensor.Of(u, shape...)
}

func floorHalf(e int) int { return int(math.Floor(float64(e) / 2)) }

// Images returns [n, channels, size, size]: coarse cells of 8x8 plus grain,
// 1.5*u + u/2.
func Images(n, channels, size int, seed uint64) *tensor.Tensor {
	cells := (size + 7) / 8
	coarse := Uniform("coarse", n*channels*cells*cells, seed)
	x := Uniform("grain", n*channels*size*size, seed)
	for i := range x {
		col, row, plane := i%size, i/size%size, i/(size*size)
		x[i] = float32(1.5*coarse[(plane*cells+row/8)*cells+col/8]) + float32(x[i]*0.5)
	}
	return tensor.Of(x, n, channels, size, size)
}
