//go:build !amd64

package matmul32

var archTable []Kernel
