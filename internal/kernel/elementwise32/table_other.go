//go:build !amd64 || noasm

package elementwise32

var archTable []Kernel
