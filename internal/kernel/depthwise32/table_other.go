//go:build !amd64

package depthwise32

var archTable []Kernel
