package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/slab"
)

// portable is plain Go. Processors multiply floats faster than Go can multiply
// integers one at a time, and a float64 holds two accumulators: weights of two columns
// are packed as w0 + w1*2^26. An accumulator of a block is at most
// 255*128*depthBlock < 2^24 in magnitude, so both fit their 26 bits, everything is an
// integer below 2^53, and the arithmetic is exact however it is rounded or fused.
var portable = Kernel{
	Row: kernel.Row{Name: "gemm_u8s8_4x4_go", Tile: "4x4", ISA: "go"},
	MR:  4, NR: 4, Block: 64, Exact: true, Rate: 5,
	Pack: packPairs, Work: workPairs, Run: runPairs,
	Size: func(n, k int) int { return roundUp(k, unroll) * roundUp(n, 4) / 2 },
	Place: func(memory []uint64, n, k int) *Weights {
		data := unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory))
		return &Weights{N: n, K: k, Init: make([]int32, n), Data: data}
	},
	Fill: fillPairs,
}

const (
	depthBlock = 512 // of K: a tile's operands stay in the first-level cache
	unroll     = 4   // K is padded to a multiple of it
	lane       = 26  // bits from the first accumulator to the second
)

var codeToFloat = func() (t [256]float64) {
	for i := range t {
		t[i] = float64(i)
	}
	return t
}()

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// packPairs lays out [block of K][group of 4 columns][k][2 pairs].
func packPairs(m *slab.Slab, w []int8, n, taps, depth int, zero uint8) *Weights {
	k := taps * depth
	kp, np := roundUp(k, unroll), roundUp(n, 4)
	data := slab.Part[float64](m, kp*np/2)
	for row := range n {
		for col, v := range w[row*k : (row+1)*k] {
			block := col / depthBlock * depthBlock
			size := min(depthBlock, kp-block)
			at := block*np/2 + row/4*size*2 + (col-block)*2 + row%4/2
			data[at] += float64(v) * float64(int64(1)<<(row%2*lane))
		}
	}
	return &Weights{N: n, K: k, Init: initial(w, n, k, zero), Data: data}
}

func workPairs(m, taps, depth int) int {
	return roundUp(m, 4) * min(roundUp(taps*depth, unroll), depthBlock)
}

func runPairs(c *Call) {
	w := c.W.Data.([]float64)
	rows, width := c.M1-c.M0, c.N1-c.N0
	for m := range rows {
		copy(c.Acc[m*width:(m+1)*width], c.W.Init[c.N0:c.N1])
	}
	kp, np := roundUp(c.W.K, unroll), roundUp(c.W.N, 4)
	x := unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(c.Work))), len(c.Work))
	for k := 0; k < kp; k += depthBlock {
		depth := min(depthBlock, kp-k)
		for m := 0; m < rows; m += 4 {
			c.gather(x[m*depth:(m+4)*depth], c.M0+m, k, depth)
		}
		panel := w[k*np/2:]
		for n := c.N0; n < c.N1; n += 4 {
			b := panel[n/4*depth*2:][:depth*2]
			for m := 0; m < rows; m += 4 {
				var s [8]float64
				tile4x4(x[m*depth:(m+4)*depth], b, &s)
				c.add(m, n-c.N0, &s)
			}
		}
	}
}

// gather writes columns k to k+depth of four rows from m on, interleaved: [k][4].
func (c *Call) gather(dst []float64, m, k, depth int) {
	for r := range 4 {
		at := r
		if m+r < c.M1 {
			for t, d := k/c.Depth, k%c.Depth; t < c.Taps && at < len(dst); t, d = t+1, 0 {
				run := c.Matrix.Run(m+r, t)[d:]
				for _, v := range run[:min(len(run), (len(dst)-at+3)/4)] {
					dst[at] = codeToFloat[v]
					at += 4
				}
			}
		}
		for ; at < len(dst); at += 4 {
			dst[at] = 0
		}
	}
}

// add unpacks the accumulators of a tile and adds them to those of the call.
func (c *Call) add(m, n int, s *[8]float64) {
	width := c.N1 - c.N0
	for r := range min(4, c.M1-c.M0-m) {
		acc := c.Acc[(m+r)*width+n:][:min(4, width-n)]
		for j := range acc {
			both := int64(s[r*2+j/2])
			low := both << (64 - lane) >> (64 - lane)
			if j%2 == 0 {
				acc[j] += int32(low)
			} else {
				acc[j] += int32((both - low) >> lane)
			}
		}
	}
}

// tile4x4 adds up four rows by two pairs of columns.
func tile4x4(a, b []float64, s *[8]float64) {
	var s00, s01, s10, s11, s20, s21, s30, s31 float64
	for len(a) >= 16 && len(b) >= 8 {
		p, q := (*[16]float64)(a), (*[8]float64)(b)
		u, v := q[0], q[1]
		x := p[0]
		s00 += x * u
		s01 += x * v
		x = p[1]
		s10 += x * u
		s11 += x * v
		x = p[2]
		s20 += x * u
		s21 += x * v
		x = p[3]
		s30 += x * u
		s31 += x * v
		u, v = q[2], q[3]
		x = p[4]
		s00 += x * u
		s01 += x * v
		x = p[5]
		s10 += x * u
		s11 += x * v
		x = p[6]
		s20 += x * u
		s21 += x * v
		x = p[7]
		s30 += x * u
		s31 += x * v
		u, v = q[4], q[5]
		x = p[8]
		s00 += x * u
		s01 += x * v
		x = p[9]
		s10 += x * u
		s11 += x * v
		x = p[10]
		s20 += x * u
		s21 += x * v
		x = p[11]
		s30 += x * u
		s31 += x * v
		u, v = q[6], q[7]
		x = p[12]
		s00 += x * u
		s01 += x * v
		x = p[13]
		s10 += x * u
		s11 += x * v
		x = p[14]
		s20 += x * u
		s21 += x * v
		x = p[15]
		s30 += x * u
		s31 += x * v
		a, b = a[16:], b[8:]
	}
	*s = [8]float64{s00, s01, s10, s11, s20, s21, s30, s31}
}
