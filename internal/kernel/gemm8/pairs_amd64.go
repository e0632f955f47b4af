//go:build !noasm

package gemm8

import "github.com/octet-ml/octet/internal/cpu"

//go:noescape
func tilesAVX2Pairs(routine int, arg *tile)

// pairs256 multiplies with VPMADDWD on 256 bits.
var pairs256 = family{lanes: 8, routines: pairs, widths: []width{{1, []int{1, 4}}, {2, []int{1, 4}}}}

// The row for short sums, where the one above it takes longer to look at the rows
// than to multiply them. It takes any codes as they are.
var avx2Pairs = pairs256.row("avx2", 60, cpu.AVX2|cpu.FMA)
