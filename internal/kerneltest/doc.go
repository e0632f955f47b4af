// Package kerneltest is what the tests of the kernel families share: the loop
// over the kernels that this machine runs, and memory that shows when a kernel
// touches what is not its own.
//
// Only tests import it. It must not know what kernels compute.
package kerneltest
