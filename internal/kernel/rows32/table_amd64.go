//go:build !noasm

package rows32

// archTable lists the kernels of amd64, best first.
var archTable []Kernel
