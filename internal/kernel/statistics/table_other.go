//go:build (!amd64 && !arm64) || noasm

package statistics

var archTable []Kernel
