package gemm8

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
)

// fill draws operands; extreme ones half of the time, and now and then small weights and
// few codes above 127.
func fill(r *rand.Rand, x []uint8, w []int8) {
	mode := r.IntN(6)
	for i := range x {
		switch mode {
		case 0:
			x[i] = 255
		case 1:
			x[i] = []uint8{0, 1, 127, 128, 254, 255}[r.IntN(6)]
		case 4:
			if x[i] = uint8(r.IntN(128)); r.IntN(100) == 0 {
				x[i] |= 0x80
			}
		default:
			x[i] = uint8(r.Uint32())
		}
	}
	for i := range w {
		switch mode {
		case 0:
			w[i] = []int8{-128, 127}[i/7%2]
		case 1:
			w[i] = []int8{-128, -127, -1, 0, 1, 127}[r.IntN(6)]
		case 4, 5:
			w[i] = int8(max(-128, min(127, r.NormFloat64()*25)))
		default:
			w[i] = int8(r.Uint32())
		}
	}
	if mode == 0 && r.IntN(2) == 0 {
		for i := range w {
			w[i] = -128
		}
	}
}

func TestKernelsEqualReference(t *testing.T) {
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 13, 17, 31, 43, 64, 65, 130}
	depths := []int{1, 3, 4, 5, 17, 64, 127, 511, 512, 513, 1031, 2050}
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, r *rand.Rand) {
		for i := range 250 {
			m, n := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			taps, depth := 1, depths[i%len(depths)]
			var offset []int32
			rows, images := m, 1
			if i%2 == 1 {
				taps, depth = 1+r.IntN(9), 1+r.IntN([]int{40, 4}[r.IntN(5)/4])
				images = 1 + r.IntN(3)
				offset = make([]int32, rows*taps)
			}
			k := taps * depth
			base := r.IntN(3)
			image := rows*depth + r.IntN(5)
			size := images*image + base + depth
			for j := range offset {
				offset[j] = int32(r.IntN(image-depth+1+5) - 5)
			}
			zero := uint8(r.IntN(256))
			x := kerneltest.NewZone(size+kern.OverRead, r.IntN(8), uint8(0xA5)).Inner
			x = x[: size : len(x)-r.IntN(2)*kern.OverRead]
			w := kerneltest.NewZone(n*k, r.IntN(8), int8(0x5A)).Inner
			fill(r, x, w)
			c := &Call{W: kern.Pack(nil, w, n, taps, depth, zero), Matrix: operand.Matrix[uint8]{
				X: x, Pad: bytes.Repeat([]byte{zero}, depth),
				Taps: taps, Depth: depth, Offset: offset, Rows: rows, Image: image, Stride: depth, Base: base,
			}}
			c.M1 = rows * images
			if c.Step = depth; i%4 == 1 {
				for j := range offset {
					offset[j] = max(0, offset[j])
					if next := offset[max(0, j-1)] + int32(depth); j%rows > 0 && r.IntN(5) > 0 && int(next) <= image-depth {
						offset[j] = next
					}
				}
				c.Ends = operand.Runs(offset, taps, depth)
			}
			c.M0 = r.IntN(c.M1)
			c.N1 = n
			c.N0 = r.IntN(n) / kern.NR * kern.NR
			acc := kerneltest.NewZone((c.M1-c.M0)*(c.N1-c.N0), 0, int32(-7))
			c.Acc = acc.Inner
			c.Work = make([]uint64, kern.Work(c.M1-c.M0, taps, depth))
			for j := range c.Work {
				c.Work[j] = r.Uint64()
			}
			kern.Run(c)
			want := *c
			want.Acc = make([]int32, len(c.Acc))
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("case %d: m=%d n=%d taps=%d depth=%d differs from the reference", i, m, n, taps, depth)
			}
			acc.Check(t)
			codes(t, kern, &want, r)
		}
	})
}

// codes compares RunCodes with the rule applied to the sums of c.
func codes(t *testing.T, k *Kernel, c *Call, r *rand.Rand) {
	if k.PackRule == nil {
		return
	}
	first := r.IntN(3)
	n := first + c.W.N
	q := &quant.Requant{Rule: quant.RequantRule(r.IntN(4)), Mult: make([]float32, n), Bias: make([]float32, n), BiasInt: make([]int32, n),
		BiasMul: float32(r.ExpFloat64()), Zero: int32(r.IntN(256)), Lo: int32(r.IntN(100)), Hi: 255 - int32(r.IntN(100))}
	if r.IntN(2) == 0 {
		q.Lo, q.Hi = 0, 255
	}
	// Some rules have numbers half-way between two codes; many have no number beyond 16 bits.
	ties, usual := r.IntN(4) == 0, 1+r.IntN(2)*n
	for i := range n {
		q.Mult[i] = float32(r.ExpFloat64()) / 3000
		q.Bias[i], q.BiasInt[i] = float32(r.NormFloat64()*3e5), int32(r.NormFloat64()*3e5)
		if q.Rule == quant.RealBias { // added to what is multiplied already
			q.Bias[i] /= 3000
		}
		if ties {
			q.Mult[i], q.Bias[i], q.BiasInt[i] = 0.125, float32(r.IntN(999)), int32(r.IntN(999))
		}
		switch r.IntN(20 * usual) {
		case 0:
			q.Mult[i] = 1e6
		case 1:
			q.Bias[i] = float32(math.NaN())
		}
	}
	rule := k.PackRule(c.W, q, first)
	d := *c
	rows, width := c.M1-c.M0, c.N1-c.N0
	d.LD = width + r.IntN(4)
	size := (rows-1)*d.LD + width
	out := kerneltest.NewZone(size, 0, uint8(0xA5))
	d.Acc, d.Rule, d.Out = nil, rule, out.Inner
	k.RunCodes(&d)
	for i, got := range d.Out {
		m, col := i/d.LD, i%d.LD
		want := uint8(0xA5)
		if col < width {
			want = uint8(q.Code(c.Acc[m*width+col], first+c.N0+col))
		}
		if got != want {
			t.Fatalf("m=%d n=%d taps=%d depth=%d rule %d: row %d, column %d is %d, want %d", rows, width, c.Taps, c.Depth, q.Rule, m, col, got, want)
		}
	}
	out.Check(t)
}

// A computed right operand, in either order, is laid out as a packed one, also in memory
// that held a larger one before. Layouts are compared for rows of other CPUs, too.
func TestFillIsPack(t *testing.T) {
	r := testseed.Rand(t)
	for i := range Table {
		k := &Table[i]
		if (k.Fill == nil) != (k.Place == nil) || (k.Fill == nil) != (k.Size == nil) {
			t.Fatalf("%s has one of Size, Place and Fill without the others", k.Name)
		}
		if k.Fill == nil {
			continue
		}
		for i := range 60 {
			n, depth := 1+r.IntN(150), 1+r.IntN(90)
			if i%10 == 0 {
				depth += 510
			}
			w := make([]int8, n*depth)
			fill(r, nil, w)
			stride := max(n, depth) + r.IntN(9)
			right := Right{X: make([]uint8, max(n, depth)*stride), Stride: stride, Transposed: i%2 == 0}
			for col := range n {
				for d := range depth {
					at := d*stride + col
					if right.Transposed {
						at = col*stride + d
					}
					right.X[at] = uint8(w[col*depth+d]) ^ 0x80
				}
			}
			// What lies behind must not be read.
			last := (depth-1)*stride + n
			if right.Transposed {
				last = (n-1)*stride + depth
			}
			right.X = right.X[:last:last]
			memory := make([]uint64, k.Size(n, depth))
			for i := range memory {
				memory[i] = r.Uint64()
			}
			got, want := k.Place(memory, n, depth), k.Pack(nil, w, n, 1, depth, 0)
			k.Fill(got, right, n, depth)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: case %d: %d columns of %d, transposed %v, are laid out otherwise", k.Name, i, n, depth, right.Transposed)
			}
		}
	}
}

// In memory for more columns and a larger depth, sums are the same.
func TestFillOfLess(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		if k.Fill == nil {
			return
		}
		memory := make([]uint64, k.Size(200, 700))
		weights := k.Place(memory, 200, 700)
		for range 40 {
			m, n, depth := 1+r.IntN(9), 1+r.IntN(200), 1+r.IntN(700)
			x, right := make([]uint8, m*depth), Right{X: make([]uint8, n*depth), Stride: n}
			w := make([]int8, n*depth)
			fill(r, x, w)
			for i, v := range w {
				right.X[i%depth*n+i/depth] = uint8(v) ^ 0x80
			}
			k.Fill(weights, right, n, depth)
			c := &Call{Matrix: operand.Matrix[uint8]{X: x, Pad: make([]uint8, depth), Taps: 1, Depth: depth, Stride: depth}, W: weights,
				M1: m, N1: n, Acc: make([]int32, m*n), Work: make([]uint64, k.Work(m, 1, depth))}
			k.Run(c)
			want := *c
			want.Acc = make([]int32, m*n)
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("%d by %d of %d differ", m, n, depth)
			}
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string {
		function := "gemm"
		if strings.HasPrefix(k.Name, "fip_") { // by Winograd's formula
			function = "fip"
		}
		return fmt.Sprintf("%s_u8s8_%dx%d_%s", function, k.MR, k.NR, k.ISA)
	})
	if last := Table[len(Table)-1]; last.Requires != 0 || !last.Exact {
		t.Errorf("the last row, %s, must run anywhere and be exact", last.Name)
	}
	if k := Select(Table, Shape{N: 1, K: 1}, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
	for i := range Table {
		k := &Table[i]
		if (k.PackRule == nil) != (k.RunCodes == nil) {
			t.Errorf("%s has a rule but no codes, or codes but no rule", k.Name)
		}
		for gathered := range 10 {
			// The smallest reduction that it is chosen for, of its own tile or two.
			s := Shape{N: k.NR, K: max(1, k.Depth), Gathered: gathered, Wide: true}
			for k.Suits != nil && !k.Suits(s) && s.K < 1<<12 {
				if s.K++; s.K == 1<<12 && s.N == k.NR {
					s.N, s.K = 2*s.N, 1
				}
			}
			if Select(Table[i:], s, k.Requires) != k {
				t.Errorf("%s is not chosen for its own tile", k.Name)
			}
			if s.K--; k.Suits != nil && Select(Table[i:], s, k.Requires) == k {
				t.Errorf("%s is chosen for %+v, which does not suit it", k.Name, s)
			}
		}
		if s := (Shape{N: k.NR, K: k.Depth/3 + 1}); k.Depth > 0 && Select(Table[i:], s, k.Requires) == k {
			t.Errorf("%s is chosen for %v, which leaves its tile empty", k.Name, s)
		}
	}
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range []struct{ M, N, K int }{{M: 112, N: 64, K: 64}, {M: 112, N: 64, K: 576}, {M: 112, N: 256, K: 2304}, {M: 49, N: 512, K: 4608}, {M: 49, N: 2048, K: 512}, {M: 112, N: 24, K: 144},
			{M: 196, N: 12, K: 9}, {M: 196, N: 16, K: 16}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", k.Name, s.M, s.N, s.K), func(b *testing.B) {
				x, w := make([]uint8, s.M*s.K), make([]int8, s.N*s.K)
				c := &Call{Matrix: operand.Matrix[uint8]{X: x, Pad: make([]uint8, s.K), Taps: 1, Depth: s.K, Stride: s.K}, W: k.Pack(nil, w, s.N, 1, s.K, 3),
					M1: s.M, N1: s.N, Acc: make([]int32, s.M*s.N), Work: make([]uint64, k.Work(s.M, 1, s.K))}
				for i := range x {
					x[i] = uint8(i * 31 % 128)
				}
				for i := range w {
					w[i] = int8(rand.NormFloat64() * 36)
				}
				c.W = k.Pack(nil, w, s.N, 1, s.K, 3)
				for b.Loop() {
					k.Run(c)
				}
				b.ReportMetric(float64(s.M*s.N*s.K)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}
