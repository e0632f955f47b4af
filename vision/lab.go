package vision

import (
	"math"
	"sync"
)

// PIL has littlecms convert CIE Lab to sRGB, and that computes a grid of colours and
// interpolates: the pixels are those of the same grid.

const labGrid = 33

// labTable returns the colours of the grid, of 16 bits each, L changing slowest.
var labTable = sync.OnceValue(func() []uint16 {
	table := make([]uint16, 0, labGrid*labGrid*labGrid*3)
	matrix := xyzToSRGB()
	at := func(i int) float64 { return float64(float32(math.Floor(float64(i)*65535/(labGrid-1)+0.5)) / 65535) }
	for i := range labGrid {
		for j := range labGrid {
			for k := range labGrid {
				xyz := labToXYZ(at(i)*100, at(j)*255-128, at(k)*255-128)
				for _, row := range matrix {
					v := row[0]*xyz[0] + row[1]*xyz[1] + row[2]*xyz[2]
					v = float64(float32(srgbCurve(float64(float32(v)))))
					table = append(table, uint16(min(max(math.Floor(v*65535+0.5), 0), 65535)))
				}
			}
		}
	}
	return table
})

// encodable is the largest XYZ of ICC's encoding, 1 + 32767/32768.
const encodable = 1 + 32767.0/32768

// labToXYZ is CIE 1976, for D50, in units of encodable.
func labToXYZ(l, a, b float64) [3]float64 {
	inverse := func(t float64) float64 {
		if t <= 24.0/116 {
			return 108.0 / 841 * (t - 16.0/116)
		}
		return t * t * t
	}
	y := (l + 16) / 116
	x, z := y+0.002*a, y-0.005*b
	one := func(v float64) float64 { return float64(float32(v / encodable)) }
	return [3]float64{one(inverse(x) * 0.9642), one(inverse(y)), one(inverse(z) * 0.8249)}
}

// srgbCurve is the transfer function of IEC 61966-2-1, from linear light.
func srgbCurve(v float64) float64 {
	const a, b, knee = 1 / 1.055, 0.055 / 1.055, 0.04045
	if v >= math.Pow(a*knee+b, 2.4) {
		return (math.Pow(v, 1/2.4) - b) / a
	}
	return v * 12.92
}

type matrix3 [3][3]float64

// xyzToSRGB inverts the matrix of the primaries of ITU-R 709 with white D65, adapted
// to D50 by Bradford's method.
func xyzToSRGB() matrix3 {
	primaries := matrix3{{0.64, 0.30, 0.15}, {0.33, 0.60, 0.06}, {0.03, 0.10, 0.79}}
	white := [3]float64{0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290}
	bradford := matrix3{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
	from, to := bradford.apply(white), bradford.apply([3]float64{0.9642, 1, 0.8249})
	scale := primaries.inverse().apply(white)
	var cones matrix3
	for i := range 3 {
		cones[i][i] = to[i] / from[i]
		for j := range 3 {
			primaries[j][i] *= scale[i]
		}
	}
	out := bradford.inverse().times(cones).times(bradford).times(primaries).inverse()
	for i := range 3 {
		for j := range 3 {
			out[i][j] *= encodable
		}
	}
	return out
}

func (m matrix3) apply(v [3]float64) (out [3]float64) {
	for i := range 3 {
		out[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return out
}

func (m matrix3) times(o matrix3) (out matrix3) {
	for i := range 3 {
		for j := range 3 {
			out[i][j] = m[i][0]*o[0][j] + m[i][1]*o[1][j] + m[i][2]*o[2][j]
		}
	}
	return out
}

func (m matrix3) inverse() (out matrix3) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	for i := range 3 {
		for j := range 3 {
			out[j][i] = cofactor(i, j) / det
		}
	}
	return out
}

// labToRGB interpolates within the tetrahedron of grid points around a colour, in
// 16-bit fixed point. a and b are 128 more than they stand for.
func labToRGB(dst, lab []uint8) {
	table := labTable()
	strides := [3]int{3 * labGrid * labGrid, 3 * labGrid, 3}
	at := 0
	var rest, step [3]int
	for c := range 3 {
		v := int(lab[c]) * 257 * (labGrid - 1)
		v += (v + 0x7fff) / 0xffff
		at += v >> 16 * strides[c]
		rest[c] = v & 0xffff
		if lab[c] < 255 {
			step[c] = strides[c]
		}
	}
	// From the corner below to the one above along the axes, the largest rest first.
	order := [3]int{0, 1, 2}
	switch l, a, b := rest[0], rest[1], rest[2]; {
	case l >= a && a >= b:
	case l >= a && b >= l:
		order = [3]int{2, 0, 1}
	case l >= a:
		order = [3]int{0, 2, 1}
	case l >= b:
		order = [3]int{1, 0, 2}
	case a >= b:
		order = [3]int{1, 2, 0}
	default:
		order = [3]int{2, 1, 0}
	}
	for c := range 3 {
		i := at + c
		first := int(table[i])
		sum, before := 0x8001, first
		for _, axis := range order {
			i += step[axis]
			next := int(table[i])
			sum += (next - before) * rest[axis]
			before = next
		}
		v := first + (sum+sum>>16)>>16
		dst[c] = uint8((v*65281 + 1<<23) >> 24)
	}
}
