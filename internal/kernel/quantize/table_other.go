//go:build (!amd64 && !arm64) || noasm

package quantize

var archTable []Kernel
