//go:build !amd64

package filters32

var archTable []Kernel
