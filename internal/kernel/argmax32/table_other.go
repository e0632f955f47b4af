//go:build !amd64 || noasm

package argmax32

var archTable []Kernel
