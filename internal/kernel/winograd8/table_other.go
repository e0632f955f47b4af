//go:build !amd64 || noasm

package winograd8

var archTable []Kernel
