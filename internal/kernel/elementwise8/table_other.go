//go:build !amd64

package elementwise8

var archTable []Kernel
