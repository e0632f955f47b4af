//go:build (!amd64 && !arm64) || noasm

package winograd32

var archTable []Kernel
