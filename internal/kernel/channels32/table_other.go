//go:build !amd64 || noasm

package channels32

var archTable []Kernel
