//go:build (!amd64 && !arm64) || noasm

package layout

var archTable []Kernel
