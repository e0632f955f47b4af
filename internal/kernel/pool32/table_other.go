//go:build !amd64 || noasm

package pool32

var archTable []Kernel
