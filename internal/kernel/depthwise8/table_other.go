//go:build !amd64 || noasm

package depthwise8

var archTable []Kernel
