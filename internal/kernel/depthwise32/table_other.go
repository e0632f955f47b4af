//go:build !amd64 || noasm

package depthwise32

var archTable []Kernel
