//go:build !amd64

package quantize

var archTable []Kernel
