//go:build !amd64

package channels32

var archTable []Kernel
