//go:build !amd64

package argmax32

var archTable []Kernel
