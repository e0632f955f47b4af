//go:build !amd64

package elementwise32

var archTable []Kernel
