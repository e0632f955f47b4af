//go:build (!amd64 && !arm64) || noasm

package pool8

var archTable []Kernel
