//go:build !amd64 || noasm

package gemm8

var archTable []Kernel
