//go:build (!amd64 && !arm64) || noasm

package elementwise32

var archTable []Kernel
