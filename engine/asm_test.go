//go:build !noasm

package engine

// noasm says that the kernels in assembly are left out of this build.
const noasm = false
