package gemm8

import (
	"bytes"
	"encoding/binary"
)

// Right is the right operand of a product of two computed matrices. The code for depth k
// and column n is X[k*Stride + n], or X[n*Stride + k] if Transposed. Kernels read the code
// less 128 as a signed weight.
type Right struct {
	X          []uint8 // codes
	Stride     int     // elements from row to row, or column to column if Transposed
	Transposed bool    // a column is contiguous, not a row
}

// from is w from column n on.
func (w Right) from(n int) Right {
	if w.Transposed {
		n *= w.Stride
	}
	w.X = w.X[n:]
	return w
}

// sign is the bit in which a code and its weight differ, signs the same for eight codes.
const (
	sign  = 0x80
	signs = 0x8080808080808080
)

// fillGroups lays out the first columns of w as packGroups does: [group of codes][column]
// [code], in lines of width columns; a group has codes codes. Depth beyond k and the other
// columns are padded with zeros.
func fillGroups(dst []int8, w Right, columns, width, k, groups, codes int) {
	line := asBytes(dst)
	for g := range groups {
		to := line[:codes*width]
		line = line[codes*width:]
		switch depth := min(codes, k-codes*g); {
		case depth <= 0:
			clear(to)
		case codes > 4:
			fillWide(to, w, columns, codes*g, depth, codes)
		case w.Transposed:
			fillFromColumns(to, w, columns, 4*g, depth)
		default:
			fillFromRows(to, w, columns, 4*g, depth)
		}
	}
}

// fillWide fills a line whose groups have more than four codes.
func fillWide(to []byte, w Right, columns, k, depth, codes int) {
	clear(to)
	row, column := w.Stride, 1
	if w.Transposed {
		row, column = 1, w.Stride
	}
	for d := range depth {
		from := w.X[(k+d)*row:]
		for c := range columns {
			to[c*codes+d] = from[c*column] ^ sign
		}
	}
}

// flippedSums adds up the weights of each column of a panel, times 128.
func flippedSums(sums []int32, panel []int8, codes int) {
	clear(sums)
	for len(panel) > 0 {
		for c := range sums {
			group := panel[c*codes:][:codes]
			for ; len(group) > 0; group = group[4:] {
				sums[c] += 128 * (int32(group[0]) + int32(group[1]) + int32(group[2]) + int32(group[3]))
			}
		}
		panel = panel[len(sums)*codes:]
	}
}

// fillFromColumns fills a line from contiguous columns.
func fillFromColumns(to []byte, w Right, columns, k, depth int) {
	for c := range columns {
		from, group := w.X[c*w.Stride+k:][:depth], to[4*c:][:4]
		if depth == 4 {
			binary.LittleEndian.PutUint32(group, binary.LittleEndian.Uint32(from)^signs&0xffffffff)
			continue
		}
		clear(group)
		for d, v := range from {
			group[d] = v ^ sign
		}
	}
	clear(to[4*columns:])
}

// fillFromRows fills a line from four rows, of which depth exist: a transposition of
// blocks of 4 by 8.
func fillFromRows(to []byte, w Right, columns, k, depth int) {
	rows := [4][]byte{none[:], none[:], none[:], none[:]}
	for d := range depth {
		rows[d] = w.X[(k+d)*w.Stride:][:columns]
	}
	r0, r1, r2, r3 := rows[0], rows[1], rows[2], rows[3]
	c := 0
	for ; c+8 <= columns; c += 8 {
		const bytes, halves = 0x00ff00ff00ff00ff, 0x0000ffff0000ffff
		a, b := binary.LittleEndian.Uint64(r0[c:]), binary.LittleEndian.Uint64(r1[c:])
		e, f := binary.LittleEndian.Uint64(r2[c:]), binary.LittleEndian.Uint64(r3[c:])
		even01, odd01 := a&bytes|b&bytes<<8, a>>8&bytes|b&^bytes
		even23, odd23 := e&bytes|f&bytes<<8, e>>8&bytes|f&^bytes
		c04, c26 := even01&halves|even23&halves<<16, even01>>16&halves|even23&^halves
		c15, c37 := odd01&halves|odd23&halves<<16, odd01>>16&halves|odd23&^halves
		out := to[4*c:][:32]
		binary.LittleEndian.PutUint64(out, (c04&0xffffffff|c15<<32)^signs)
		binary.LittleEndian.PutUint64(out[8:], (c26&0xffffffff|c37<<32)^signs)
		binary.LittleEndian.PutUint64(out[16:], (c04>>32|c15&^0xffffffff)^signs)
		binary.LittleEndian.PutUint64(out[24:], (c26>>32|c37&^0xffffffff)^signs)
	}
	for ; c < columns; c++ {
		for d, r := range rows {
			to[4*c+d] = r[c] ^ sign
		}
	}
	clear(to[4*columns:])
}

// none is a row of codes whose weights are 0, as wide as the widest panel.
var none = [64]byte(bytes.Repeat([]byte{sign}, 64))

// fillPairs lays out w as packPairs does.
func fillPairs(p *Weights, w Right, n, k int) {
	p.start(n, k)
	kp, np := roundUp(k, unroll), roundUp(n, 4)
	data := p.Data.([]float64)
	clear(data[:kp*np/2])
	row, col := w.Stride, 1
	if w.Transposed {
		row, col = 1, w.Stride
	}
	for j := range k {
		block := j / depthBlock * depthBlock
		size := min(depthBlock, kp-block)
		to := data[block*np/2+(j-block)*2:]
		for i := range n {
			v := int(w.X[j*row+i*col]) - 128
			to[i/4*size*2+i%4/2] += float64(v << (i % 2 * lane))
		}
	}
}

// start makes p a matrix of n columns and depth k with initial accumulators of 0.
func (p *Weights) start(n, k int) {
	p.N, p.K, p.Init = n, k, p.Init[:n]
	clear(p.Init)
}
