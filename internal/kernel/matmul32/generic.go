package matmul32

import "github.com/octet-ml/octet/internal/kernel"

// portable is plain Go: tiles of four rows by four columns, whose sixteen accumulators
// the compiler keeps in registers.
var portable = Kernel{
	Row: kernel.Row{Name: "matmul_f32_4x4_go", Tile: "4x4", ISA: "go"},
	MR:  4, NR: 4,
	lanes: 4, rows: goRows, outer: goOuter,
}

// tile4x4 holds accumulators by row and column.
type tile4x4 [4][4]float32

func goRows(c *RowsCall) {
	var sum tile4x4
	add := c.Add
	c.W.blocks(func(b kBlock) {
		for n := c.N0; n < c.N1; n += 4 {
			w, _ := c.W.panel(b, n)
			columns := min(4, c.N1-n)
			for m := c.M0; m < c.M1; m += 4 {
				rows := min(4, c.M1-m)
				sum = tile4x4{}
				for r := 0; add && r < rows; r++ {
					copy(sum[r][:columns], c.out(m + r)[n-c.N0:])
				}
				for t := range b.taps {
					// Rows beyond the block repeat its last one.
					var x [4][]float32
					for r := range x {
						x[r] = c.run(min(m+r, c.M1-1), b.tap+t)[b.d:][:b.depth]
					}
					sum.rows(x, w[t*b.depth*4:])
				}
				for r := range rows {
					copy(c.out(m + r)[n-c.N0:], sum[r][:columns])
				}
			}
		}
		add = true
	})
}

// rows adds the products of four runs with the rows of w, four numbers each.
func (s *tile4x4) rows(x [4][]float32, w []float32) {
	n := len(x[0])
	x0, x1, x2, x3 := x[0], x[1][:n], x[2][:n], x[3][:n]
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	for k, a := range x0 {
		q := (*[4]float32)(w[4*k:])
		axpy4(&s0, a, q)
		axpy4(&s1, x1[k], q)
		axpy4(&s2, x2[k], q)
		axpy4(&s3, x3[k], q)
	}
	s[0], s[1], s[2], s[3] = s0, s1, s2, s3
}

func axpy4(s *[4]float32, a float32, w *[4]float32) {
	s[0] += float32(a * w[0])
	s[1] += float32(a * w[1])
	s[2] += float32(a * w[2])
	s[3] += float32(a * w[3])
}

func goOuter(c *OuterCall) {
	for t := c.T0; t < c.T1; t++ {
		for d := c.D0; d < c.D1; d++ {
			out := c.Out[(t*roundUp(c.Depth, 4)+d)*c.LD:][c.N0:c.N1]
			if !c.Add {
				clear(out)
			}
			for m := c.M0; m < c.M1; m++ {
				a := c.run(m, t)[d]
				y := c.Y[m*c.LDY+c.N0:][:len(out)]
				for i, v := range y {
					out[i] += float32(a * v)
				}
			}
		}
	}
}
