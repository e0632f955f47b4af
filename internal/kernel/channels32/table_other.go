//go:build (!amd64 && !arm64) || noasm

package channels32

var archTable []Kernel
