//go:build (!amd64 && !arm64) || noasm

package filters32

var archTable []Kernel
