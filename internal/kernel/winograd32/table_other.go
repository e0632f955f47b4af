//go:build !amd64 || noasm

package winograd32

var archTable []Kernel
