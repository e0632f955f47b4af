//go:build (!amd64 && !arm64) || noasm

package depthwise32

var archTable []Kernel
