//go:build !amd64

package pool32

var archTable []Kernel
