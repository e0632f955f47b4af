//go:build !amd64

package rows32

var archTable []Kernel
