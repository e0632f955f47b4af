//go:build (!amd64 && !arm64) || noasm

package requant8

var archTable []Kernel
