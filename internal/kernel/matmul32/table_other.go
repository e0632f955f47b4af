//go:build (!amd64 && !arm64) || noasm

package matmul32

var archTable []Kernel
