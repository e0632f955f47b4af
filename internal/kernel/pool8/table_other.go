//go:build !amd64

package pool8

var archTable []Kernel
