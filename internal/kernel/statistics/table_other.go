//go:build !amd64

package statistics

var archTable []Kernel
