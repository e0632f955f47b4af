//go:build (!amd64 && !arm64) || noasm

package pool32

var archTable []Kernel
