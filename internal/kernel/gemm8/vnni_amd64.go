//go:build !noasm

package gemm8

import "github.com/octet-ml/octet/internal/cpu"

//go:noescape
func tilesAVX512VNNI(routine int, arg *tile)

//go:noescape
func tilesAVXVNNI(routine int, arg *tile)

// The families that multiply with VPDPBUSD, on 512 and on 256 bits.
var (
	vnni512 = family{lanes: 16, masked: true, tails: true, widths: []width{
		{1, []int{1, 4, 7, 14}}, {2, []int{1, 4, 7, 14}}, {4, []int{1, 2, 3, 4, 5, 6}},
	}}
	vnni256 = family{lanes: 8, routines: vexVNNI, widths: []width{{1, []int{1, 3, 6}}, {2, []int{1, 3, 6}}}}
)

var avx512VNNI = vnni512.row("avx512vnni", 350, cpu.AVX512|cpu.AVX512VNNI)

var avxVNNI = vnni256.row("avxvnni", 200, cpu.AVX2|cpu.FMA|cpu.AVXVNNI)
