package sgemm

import (
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/slab"
)

// portable is plain Go: four rows by two columns, which is what sixteen scalar
// registers hold.
var portable = Kernel{
	Row: kernel.Row{Name: "gemm_f32_4x2_go", Tile: "4x2", ISA: "go"},
	MR:  4, NR: 2, Block: 64, Rate: 5,
	Pack: packColumns, PackCodes: packColumnCodes, Work: workRows, Run: run,
	Size: func(n, k int) int { return roundUp(k, unroll) * roundUp(n, 2) },
	Place: func(memory []float32, n, k int) *Weights {
		return &Weights{N: n, K: k, Bias: make([]float32, n), Data: memory[:roundUp(k, unroll)*roundUp(n, 2)]}
	},
	Fill: fillColumns,
}

const (
	depthBlock = 512 // of K: a tile's operands stay in the first-level cache
	unroll     = 4   // K is padded to a multiple of it
)

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// packColumns lays out [block of K][pair of columns][k][2].
func packColumns(m *slab.Slab, w []float32, n, k int, bias []float32) *Weights {
	p := &Weights{N: n, K: k, Bias: make([]float32, n)}
	copy(p.Bias, bias)
	kp, np := roundUp(k, unroll), roundUp(n, 2)
	data := slab.Part[float32](m, kp*np)
	for row := range n {
		for col, v := range w[row*k : (row+1)*k] {
			block := col / depthBlock * depthBlock
			depth := min(depthBlock, kp-block)
			data[block*np+row/2*depth*2+(col-block)*2+row%2] = v
		}
	}
	p.Data = data
	return p
}

// fillColumns is packColumns for a computed matrix.
func fillColumns(p *Weights, w Right, n, k int) {
	data := p.Data.([]float32)
	p.N, p.K = n, k
	kp, np := roundUp(k, unroll), roundUp(n, 2)
	clear(data[:kp*np])
	row, col := w.Stride, 1
	if w.Transposed {
		row, col = 1, w.Stride
	}
	for j := range k {
		block := j / depthBlock * depthBlock
		depth := min(depthBlock, kp-block)
		to := data[block*np+(j-block)*2:]
		for i := range n {
			to[i/2*depth*2+i%2] = w.X[j*row+i*col]
		}
	}
}

// packColumnCodes is packColumns for weights of 8 bits.
func packColumnCodes(m *slab.Slab, w Codes, n, k int, bias []float32) *Weights {
	p := &Weights{N: n, K: k, Bias: make([]float32, n)}
	copy(p.Bias, bias)
	kp, np := roundUp(k, unroll), roundUp(n, 2)
	c := &panelCodes{data: slab.Part[int8](m, kp*np), widen: widenRows}
	c.place(w, n, k, np)
	for row := range n {
		for col, v := range w.X[row*k : (row+1)*k] {
			block := col / depthBlock * depthBlock
			depth := min(depthBlock, kp-block)
			c.data[block*np+row/2*depth*2+(col-block)*2+row%2] = v
		}
	}
	p.Data = c
	return p
}

// pair returns depth rows from k on of the two columns from n on.
func (c *Call) pair(k, n, depth, np int) []float32 {
	if w, ok := c.W.Data.([]float32); ok {
		return w[k*np+n*depth:][:depth*2]
	}
	p := c.W.Data.(*panelCodes)
	to := c.Panel[:depth*2]
	end := min(k+depth, c.W.K)
	p.wide(to, p.data[k*np+n*depth:][:depth*2], n, 2, k, end)
	clear(to[(end-k)*2:])
	return to
}

func workRows(m, k int) int { return roundUp(m, 4) * min(roundUp(k, unroll), depthBlock) }

func run(c *Call) {
	rows := c.M1 - c.M0
	for m := c.M0; m < c.M1; m++ {
		copy(c.Out[m*c.LD+c.N0:m*c.LD+c.N1], c.W.Bias[c.N0:c.N1])
	}
	kp, np := roundUp(c.W.K, unroll), roundUp(c.W.N, 2)
	for k := 0; k < kp; k += depthBlock {
		depth := min(depthBlock, kp-k)
		for m := 0; m < rows; m += 4 {
			c.gather(c.Work[m*depth:(m+4)*depth], c.M0+m, k, depth)
		}
		for n := c.N0; n < c.N1; n += 2 {
			b := c.pair(k, n, depth, np)
			for m := 0; m < rows; m += 4 {
				var s [8]float32
				tile4x2(c.Work[m*depth:(m+4)*depth], b, &s)
				c.add(c.M0+m, n, &s)
			}
		}
	}
	for m := c.M0; m < c.M1; m++ {
		clamp(c.Out[m*c.LD+c.N0:m*c.LD+c.N1], c.Lo, c.Hi)
	}
}

// gather writes columns k to k+depth of four rows from m on, interleaved: [k][4].
func (c *Call) gather(dst []float32, m, k, depth int) {
	for r := range 4 {
		at := r
		if m+r < c.M1 {
			for t, d := k/c.Depth, k%c.Depth; t < c.Taps && at < len(dst); t, d = t+1, 0 {
				run := c.Matrix.Run(m+r, t)[d:]
				for _, v := range run[:min(len(run), (len(dst)-at+3)/4)] {
					dst[at] = v
					at += 4
				}
			}
		}
		for ; at < len(dst); at += 4 {
			dst[at] = 0
		}
	}
}

func (c *Call) add(m, n int, s *[8]float32) {
	for r := range min(4, c.M1-m) {
		out := c.Out[(m+r)*c.LD+n:]
		out[0] += s[r*2]
		if n+1 < c.N1 {
			out[1] += s[r*2+1]
		}
	}
}

func clamp(x []float32, lo, hi float32) {
	for i, v := range x {
		if v < lo {
			x[i] = lo
		} else if v > hi {
			x[i] = hi
		}
	}
}

// tile4x2 adds up four rows by two columns.
func tile4x2(a, b []float32, s *[8]float32) {
	var s00, s01, s10, s11, s20, s21, s30, s31 float32
	for len(a) >= 16 && len(b) >= 8 {
		p, q := (*[16]float32)(a), (*[8]float32)(b)
		u, v := q[0], q[1]
		x := p[0]
		s00 += float32(x * u)
		s01 += float32(x * v)
		x = p[1]
		s10 += float32(x * u)
		s11 += float32(x * v)
		x = p[2]
		s20 += float32(x * u)
		s21 += float32(x * v)
		x = p[3]
		s30 += float32(x * u)
		s31 += float32(x * v)
		u, v = q[2], q[3]
		x = p[4]
		s00 += float32(x * u)
		s01 += float32(x * v)
		x = p[5]
		s10 += float32(x * u)
		s11 += float32(x * v)
		x = p[6]
		s20 += float32(x * u)
		s21 += float32(x * v)
		x = p[7]
		s30 += float32(x * u)
		s31 += float32(x * v)
		u, v = q[4], q[5]
		x = p[8]
		s00 += float32(x * u)
		s01 += float32(x * v)
		x = p[9]
		s10 += float32(x * u)
		s11 += float32(x * v)
		x = p[10]
		s20 += float32(x * u)
		s21 += float32(x * v)
		x = p[11]
		s30 += float32(x * u)
		s31 += float32(x * v)
		u, v = q[6], q[7]
		x = p[12]
		s00 += float32(x * u)
		s01 += float32(x * v)
		x = p[13]
		s10 += float32(x * u)
		s11 += float32(x * v)
		x = p[14]
		s20 += float32(x * u)
		s21 += float32(x * v)
		x = p[15]
		s30 += float32(x * u)
		s31 += float32(x * v)
		a, b = a[16:], b[8:]
	}
	*s = [8]float32{s00, s01, s10, s11, s20, s21, s30, s31}
}
