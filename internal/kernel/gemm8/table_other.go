//go:build !amd64

package gemm8

var archTable []Kernel
