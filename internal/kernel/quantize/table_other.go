//go:build !amd64 || noasm

package quantize

var archTable []Kernel
