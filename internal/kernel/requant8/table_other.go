//go:build !amd64

package requant8

var archTable []Kernel
