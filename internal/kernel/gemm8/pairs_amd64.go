//go:build !noasm

package gemm8

import "github.com/octet-ml/octet/internal/cpu"

//go:noescape
func tilesAVX2Pairs(routine int, arg *tile)

// pairs256 multiplies with VPMADDWD on 256 bits.
var pairs256 = family{lanes: 8, routines: pairs, widths: []width{{1, []int{1, 4}}, {2, []int{1, 4}}}}

// The row for short reductions, for which the row above takes longer to scan the left
// operand than to multiply it. It is exact for all codes without a scan.
var avx2Pairs = pairs256.row("avx2", 60, cpu.AVX2|cpu.FMA)
