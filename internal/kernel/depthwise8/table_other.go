//go:build !amd64

package depthwise8

var archTable []Kernel
