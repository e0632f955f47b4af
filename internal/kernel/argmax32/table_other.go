//go:build (!amd64 && !arm64) || noasm

package argmax32

var archTable []Kernel
