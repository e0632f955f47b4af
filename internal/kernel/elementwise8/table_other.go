//go:build (!amd64 && !arm64) || noasm

package elementwise8

var archTable []Kernel
