//go:build !amd64

package layout

var archTable []Kernel
