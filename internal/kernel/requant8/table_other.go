//go:build !amd64 || noasm

package requant8

var archTable []Kernel
