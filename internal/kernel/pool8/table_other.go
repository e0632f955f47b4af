//go:build !amd64 || noasm

package pool8

var archTable []Kernel
