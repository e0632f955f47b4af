//go:build !amd64 || noasm

package rows32

var archTable []Kernel
