//go:build (!amd64 && !arm64) || noasm

package gemm8

var archTable []Kernel
