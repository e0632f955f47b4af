//go:build !amd64 || noasm

package layout

var archTable []Kernel
