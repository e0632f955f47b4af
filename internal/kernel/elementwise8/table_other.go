//go:build !amd64 || noasm

package elementwise8

var archTable []Kernel
