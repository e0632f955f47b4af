//go:build (!amd64 && !arm64) || noasm

package depthwise8

var archTable []Kernel
