//go:build !amd64 || noasm

package statistics

var archTable []Kernel
