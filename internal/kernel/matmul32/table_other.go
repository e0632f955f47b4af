//go:build !amd64 || noasm

package matmul32

var archTable []Kernel
