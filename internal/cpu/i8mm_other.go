//go:build !windows

package cpu

// matricesReported is false where x/sys/cpu finds I8MM itself.
func matricesReported() bool { return false }
