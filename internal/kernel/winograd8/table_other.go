//go:build !amd64

package winograd8

var archTable []Kernel
