//go:build !amd64

package winograd32

var archTable []Kernel
