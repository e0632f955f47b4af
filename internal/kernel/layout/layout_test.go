package layout

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

func TestTranspose(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		for _, rows := range []int{1, 2, 31, 32, 33, 65} {
			for _, cols := range []int{1, 3, 32, 64, 67} {
				src, dst := make([]int, n*rows*cols), make([]int, n*rows*cols)
				for i := range src {
					src[i] = i + 1
				}
				Transpose(dst, src, n, rows, cols)
				for i := range n {
					for r := range rows {
						for c := range cols {
							if got, want := dst[(i*cols+c)*rows+r], src[(i*rows+r)*cols+c]; got != want {
								t.Fatalf("%d of %dx%d: [%d][%d] is %d, want %d", i, rows, cols, c, r, got, want)
							}
						}
					}
				}
			}
		}
	}
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for cols := range 280 {
			rows := k.Rows
			if rows == 0 {
				rows = []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 67}[r.IntN(13)]
			}
			stride := cols + r.IntN(20)
			shift := r.IntN(8)
			src := make([]byte, (shift+rows*stride)*k.Size)[shift*k.Size:]
			for j := range src {
				src[j] = byte(r.Uint32())
			}
			want := make([]byte, rows*cols*k.Size)
			c := &Call{Dst: want, Src: src, Rows: rows, Cols: cols, Stride: stride}
			Reference(c, k.Size)
			out := kerneltest.NewZone(len(want), shift*k.Size, uint8(0xA5))
			c.Dst = out.Inner
			k.Run(c)
			if !bytes.Equal(c.Dst, want) {
				t.Fatalf("%dx%d, rows %d apart: differs from the reference", rows, cols, stride)
			}
			out.Check(t)
			if n := testing.AllocsPerRun(4, func() { k.Run(c) }); n != 0 {
				t.Fatalf("%v allocations", n)
			}
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string {
		what := "transpose"
		if k.Rows != 0 {
			what = fmt.Sprintf("interleave%d", k.Rows)
		}
		return fmt.Sprintf("%s_x%d_%s", what, 8*k.Size, k.ISA)
	})
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			rows, cols := k.Rows, 224*224
			if rows == 0 { // back to row-major, from 64 channels
				rows, cols = 56*56, 64
			}
			c := &Call{Src: make([]byte, rows*cols*k.Size), Dst: make([]byte, rows*cols*k.Size), Rows: rows, Cols: cols, Stride: cols}
			b.SetBytes(int64(len(c.Src)))
			for b.Loop() {
				k.Run(c)
			}
		})
	}
}
