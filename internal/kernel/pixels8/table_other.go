//go:build !amd64 || noasm

package pixels8

var archTable []Kernel
