//go:build !noasm

package gemm8

//go:generate go run -C ../_asm . gemm8 ../gemm8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{amx, avx512VNNI, avxVNNI, avx2, avx2Words, avx2Pairs}
