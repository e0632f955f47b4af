//go:build !amd64 || noasm

package filters32

var archTable []Kernel
